/*
 * Cost model: what the steps of a kernel phase take on a simulated core. Constants are in nanoseconds at the nominal
 * frequency; at another frequency those of the processor (and the application's service times) scale with
 * nominal / actual, those of the bus and the wire do not.
 */
#ifndef IXLAB_SIM_COST_H
#define IXLAB_SIM_COST_H

#include "impl/core/dataplane.h"

enum sim_cost {
	SIM_COST_CYCLE,     /* once per run-to-completion cycle that does anything: loop, mode switches, cold caches */
	SIM_COST_POLL,      /* per packet taken off the ring into the software queue */
	SIM_COST_RECEIVE,   /* per packet through the protocol stack */
	SIM_COST_EVENT,     /* per event condition */
	SIM_COST_CALL,      /* per batched call */
	SIM_COST_TIMER,     /* per timer fired */
	SIM_COST_TRANSMIT,  /* per packet given to the transmit ring */
	SIM_COST_CONTROL,   /* per control request or migration step */
	SIM_COST_DOORBELL,  /* per PCIe write; does not scale with frequency */
	SIM_COST_STEAL,     /* per connection taken from another thread: its lines and the lock's come from there */
	SIM_COST_REMOTE,    /* per batched call shipped to the thread where it must run: once at either end */
	SIM_COST_INTERRUPT, /* per interrupt of a user phase: entry and exit */
	SIM_COST_INTERRUPT_LATENCY, /* from the sending of an interrupt to its entry; does not scale */
	SIM_COST_INTERRUPT_SPACING, /* least time between two interrupts sent to the same thread; does not scale */
	SIM_COST_MISS, /* per miss of the last-level cache, beyond what the others contain; does not scale */
	SIM_COST_COUNT
};

/* The constants that a kind of system knows: its cost file must give all of them and no other. */
struct sim_cost_names {
	const char *system; /* what the file says it is for: "dataplane", "linux", "mtcp" */
	const char *const *name;
	unsigned count; /* at most SIM_COSTS_MAX */
};

#define SIM_COSTS_MAX 32

/* Of the dataplanes: the names of enum sim_cost, "cycle", "poll", ... */
extern const struct sim_cost_names sim_cost_names_dataplane;

struct sim_costs {
	double ns[SIM_COSTS_MAX]; /* by the kind's own enumeration; at the nominal frequency, 0 .. SIM_COST_MAX_NS */
	double nominal_ghz, frequency_ghz;
	double detect_ns;           /* from a packet's arrival at an idle core to its poll; does not scale */
	double wire_delay_ns;       /* one way between client and server: propagation, switch, NICs; does not scale */
	double wire_bandwidth_gbps; /* of the server's link, each way; 0: infinite */
	double rx_descriptors;      /* of each receive ring, a power of two in 64 .. 65536 */

	/* What the threads of a core do together, over what one does alone; 1 .. 2 */
	double hyperthread_speedup;

	/* Misses of the last-level cache per message (models/cache.h): while the connections' state is in the cache,
	 * and when none of it is; the bytes of a connection's state and of the cache. */
	double misses_few, misses_many, connection_bytes, llc_bytes;
};

#define SIM_COST_MAX_NS 1e9

/* No cost and no limit: 1 GHz of both frequencies, rings of 65,536 descriptors, threads that share nothing. For
 * comparison with theory. */
extern const struct sim_costs sim_costs_zero;

/* Of a server with so many connections: misses of the last-level cache per message. */
double sim_costs_misses(const struct sim_costs *costs, unsigned connections);

/* The constants at the actual frequency, in 1/1024 ns, so that charging them is integer arithmetic. Those of a
 * packet's way through the stack hold its cache misses. */
struct sim_charge {
	uint64_t unit[SIM_COST_COUNT];
	int free;          /* all of them are 0 */
	double user_scale; /* of service times */
};

#define SIM_CHARGE_SHIFT 10

void sim_charge_init(struct sim_charge *charge, const struct sim_costs *costs, unsigned connections);

/* What one half of a kernel phase takes, in ns, from its report and the doorbells rung in it. The cycle's fixed cost
 * belongs to the input half. */
uint64_t sim_charge_output_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells);
uint64_t sim_charge_input_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells);

/* What an interrupt's handler takes, from its report and the doorbells rung in it. */
uint64_t sim_charge_interrupt_ns(const struct sim_charge *charge, const struct ix_work *work, unsigned doorbells);

#endif
