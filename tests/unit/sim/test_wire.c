/* The wire: when packets arrive, and what becomes of them on the way. */
#include "sim/wire.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PACKETS 200000u

struct fixture {
	struct sim_engine engine;
	struct sim_pool pool;
	struct sim_wire wire;
	uint64_t arrived, overtaken, damaged, last_ns;
	uint64_t greatest; /* number seen so far */
	struct sim_event tick;
	uint32_t sent;
};

static struct fixture f;

static void on_arrival(void *context, struct ix_packet *packet)
{
	uint64_t number;

	memcpy(&number, packet->data, sizeof(number));
	f.arrived++;
	f.last_ns = f.engine.now_ns;
	if (number >= PACKETS || packet->data[8] != 0xaa)
		f.damaged++;
	else if (number < f.greatest)
		f.overtaken++;
	else
		f.greatest = number;
	sim_pool_put(&f.pool, packet);
}

static void start(const struct sim_wire_options *options, uint32_t pool)
{
	memset(&f, 0, sizeof(f));
	assert_int_equal(sim_engine_init(&f.engine, 1), 0);
	assert_int_equal(sim_pool_init(&f.pool, pool, 64), 0);
	sim_wire_init(&f.wire, &f.engine, &f.pool, options, 7, 0, 0);
	f.wire.deliver = on_arrival;
}

static void stop(void)
{
	sim_wire_fini(&f.wire);
	assert_int_equal(f.pool.used, 0);
	sim_pool_fini(&f.pool);
	sim_engine_fini(&f.engine);
}

static struct ix_packet *packet_of(uint64_t number, uint16_t length)
{
	struct ix_packet *packet = sim_pool_get(&f.pool);

	assert_non_null(packet);
	memcpy(packet->data, &number, sizeof(number));
	memset(packet->data + 8, 0xaa, 56);
	packet->length = length;
	return packet;
}

static void test_serialization_and_delay(void **state)
{
	start(&(struct sim_wire_options){.bandwidth_bps = 10000000000, .delay_ns = 1000}, 16);
	/* 64 + 24 bytes at 10 Gbit/s: 70.4 ns */
	assert_int_equal(sim_wire_send(&f.wire, packet_of(0, 64)), 70);
	assert_int_equal(sim_wire_send(&f.wire, packet_of(1, 64)), 140);
	/* shorter frames are padded to 60 + 24 bytes: 67.2 ns; 208 together */
	assert_int_equal(sim_wire_send(&f.wire, packet_of(2, 20)), 208);
	assert_int_equal(sim_run(&f.engine, 1069), 0);
	assert_int_equal(f.arrived, 0);
	sim_run(&f.engine, 1070);
	assert_int_equal(f.arrived, 1);
	sim_run(&f.engine, 1207);
	assert_int_equal(f.arrived, 2);
	sim_run(&f.engine, 1208);
	assert_int_equal(f.arrived, 3);
	stop();
}

static void test_without_delay_at_once(void **state)
{
	start(&(struct sim_wire_options){0}, 4);
	assert_int_equal(sim_wire_send(&f.wire, packet_of(0, 64)), 0);
	assert_int_equal(f.arrived, 1);
	assert_int_equal(f.engine.pending, 0);
	stop();
}

static void test_queue_overflows(void **state)
{
	/* 1 Gbit/s, 88 bytes each on the wire: 704 ns; 880 bytes may wait: ten, and one being sent */
	start(&(struct sim_wire_options){.bandwidth_bps = 1000000000, .queue_bytes = 880}, 64);
	for (unsigned i = 0; i < 50; i++)
		sim_wire_send(&f.wire, packet_of(i, 64));
	assert_int_equal(f.wire.totals.overflowed, 39);
	sim_run(&f.engine, 1000000);
	assert_int_equal(f.arrived, 11);
	assert_int_equal(f.last_ns, 11 * 704);
	stop();
}

static void on_tick(struct sim_event *event)
{
	if (++f.sent < PACKETS)
		sim_schedule(&f.engine, event, f.engine.now_ns + 100);
	sim_wire_send(&f.wire, packet_of(f.sent - 1, 64));
}

static void send_many(const struct sim_wire_options *options)
{
	start(options, 4096);
	f.tick.fire = on_tick;
	sim_schedule(&f.engine, &f.tick, 0);
	sim_run(&f.engine, UINT64_MAX);
	assert_int_equal(f.wire.totals.packets, PACKETS);
	assert_int_equal(f.wire.totals.delivered, f.arrived);
	assert_int_equal(f.arrived + f.wire.totals.lost, PACKETS + f.wire.totals.duplicated);
}

/* Four standard deviations of the binomial count. */
static void assert_count(uint64_t count, double p)
{
	double expected = PACKETS * p, deviation = 4 * sqrt(PACKETS * p * (1 - p));

	assert_true(fabs((double)count - expected) < deviation);
}

static void test_impairments_happen_as_often_as_asked(void **state)
{
	send_many(&(struct sim_wire_options){
	    .delay_ns = 500, .loss = 0.02, .duplicate = 0.01, .reorder = 0.03, .reorder_ns = 1050, .corrupt = 0.005});
	assert_count(f.wire.totals.lost, 0.02);
	assert_count(f.wire.totals.duplicated, 0.98 * 0.01);
	assert_count(f.wire.totals.reordered, 0.98 * 0.03);
	assert_count(f.wire.totals.corrupted, 0.98 * 0.005);
	assert_true(f.damaged > 0 && f.damaged <= f.wire.totals.corrupted);
	assert_true(f.overtaken > f.wire.totals.reordered * 9 / 10);
	stop();
}

static void test_order_is_kept_without_reordering(void **state)
{
	send_many(&(struct sim_wire_options){.delay_ns = 500, .bandwidth_bps = 10000000000, .loss = 0.1});
	assert_int_equal(f.overtaken, 0);
	assert_count(f.wire.totals.lost, 0.1);
	stop();
}

/* Switching an impairment on does not change which packets another one hits. */
static void test_impairments_are_independent(void **state)
{
	uint64_t lost;

	send_many(&(struct sim_wire_options){.delay_ns = 500, .loss = 0.02});
	lost = f.wire.totals.lost;
	stop();
	send_many(&(struct sim_wire_options){.delay_ns = 500, .loss = 0.02, .reorder = 0.2, .reorder_ns = 5000});
	assert_int_equal(f.wire.totals.lost, lost);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_serialization_and_delay),
	    cmocka_unit_test(test_without_delay_at_once),
	    cmocka_unit_test(test_queue_overflows),
	    cmocka_unit_test(test_impairments_happen_as_often_as_asked),
	    cmocka_unit_test(test_order_is_kept_without_reordering),
	    cmocka_unit_test(test_impairments_are_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
