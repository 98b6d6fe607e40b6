/* The NIC: which queue a frame goes to, and what rings hold. */
#include "sim/clients.h"
#include "sim/nic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define QUEUES 16u
#define GROUPS 128u

struct fixture {
	struct sim_engine engine;
	struct sim_pool pool;
	struct sim_wire wire;
	struct sim_nic nic;
	unsigned last_queue;
	uint64_t notified, dropped, sent;
};

static struct fixture f;

static void on_notify(void *context, unsigned queue, const struct ix_packet *packet, int dropped)
{
	f.last_queue = queue;
	f.notified++;
	f.dropped += (unsigned)dropped;
}

static void on_wire(void *context, struct ix_packet *packet)
{
	f.sent++;
	sim_pool_put(&f.pool, packet);
}

static int set_up(void **state)
{
	const struct sim_wire_options wire = {.bandwidth_bps = 10000000000};

	memset(&f, 0, sizeof(f));
	assert_int_equal(sim_engine_init(&f.engine, 1), 0);
	assert_int_equal(sim_pool_init(&f.pool, 8192, 128), 0);
	sim_wire_init(&f.wire, &f.engine, &f.pool, &wire, 1, 0, 0);
	f.wire.deliver = on_wire;
	assert_int_equal(sim_nic_init(&f.nic, &f.engine, &f.pool, &f.wire, ix_rss_key_default, GROUPS, QUEUES, 512), 0);
	f.nic.notify = on_notify;
	return 0;
}

static int tear_down(void **state)
{
	sim_nic_fini(&f.nic);
	sim_wire_fini(&f.wire);
	assert_int_equal(f.pool.used, 0);
	sim_pool_fini(&f.pool);
	sim_engine_fini(&f.engine);
	return 0;
}

/* A TCP segment without options from a client to 10.0.0.1:1234. */
static struct ix_packet *frame(uint32_t ip, uint16_t port)
{
	static const uint8_t header[] = {2,    0, 0, 0,  0, 1, 2,    0, 0,  0, 0, 2, 8, 0, /* Ethernet, IPv4 */
					 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0};
	struct ix_packet *packet = sim_pool_get(&f.pool);
	uint8_t *at = packet->data + sizeof(header);
	const uint8_t rest[] = {(uint8_t)(ip >> 24),  (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip, 10, 0, 0, 1,
				(uint8_t)(port >> 8), (uint8_t)port,       1234 >> 8,          1234 & 255};

	memset(packet->data, 0, 60);
	memcpy(packet->data, header, sizeof(header));
	memcpy(at, rest, sizeof(rest));
	packet->length = 60;
	return packet;
}

static struct ix_packet *hashed(uint32_t hash)
{
	struct ix_packet *packet = sim_pool_get(&f.pool);

	packet->rss_hash = hash;
	packet->length = 64;
	return packet;
}

static void test_frames_go_where_their_hash_says(void **state)
{
	for (uint16_t port = 2000; port < 2200; port++) {
		uint32_t ip = 0x0a010203;
		uint32_t hash = ix_rss_hash_ipv4(&f.nic.rss, ip, 0x0a000001, port, 1234);
		struct ix_packet *packet = frame(ip, port), *taken;

		sim_nic_frame(&f.nic, packet);
		assert_int_equal(packet->rss_hash, hash);
		assert_int_equal(f.last_queue, (hash & (GROUPS - 1)) % QUEUES);
		assert_int_equal(sim_nic_receive(&f.nic, f.last_queue, &taken, 1), 1);
		assert_ptr_equal(taken, packet);
		sim_pool_put(&f.pool, taken);
	}
	assert_int_equal(f.nic.unhashed, 0);
}

static void test_frames_without_ports_go_to_queue_0(void **state)
{
	struct ix_packet *arp = frame(0x0a010203, 2000), *fragment = frame(0x0a010203, 2000),
			 *icmp = frame(0x0a010203, 2000), *shorter = frame(0x0a010203, 2000);

	arp->data[13] = 6;
	fragment->data[20] = 0x20; /* more fragments follow */
	icmp->data[23] = 1;
	shorter->length = 36; /* ends before the ports */
	sim_nic_frame(&f.nic, arp);
	sim_nic_frame(&f.nic, fragment);
	sim_nic_frame(&f.nic, icmp);
	sim_nic_frame(&f.nic, shorter);
	assert_int_equal(f.nic.unhashed, 4);
	assert_int_equal(sim_nic_waiting(&f.nic, 0), 4);
}

static void test_steering_redirects_a_group_alone(void **state)
{
	assert_int_equal(sim_nic_steer(&f.nic, 5, 9), 0);
	for (uint32_t g = 0; g < GROUPS; g++) {
		sim_nic_hashed(&f.nic, hashed(g + 7 * GROUPS));
		assert_int_equal(f.last_queue, g == 5 ? 9 : g % QUEUES);
	}
	assert_int_equal(sim_nic_steer(&f.nic, GROUPS, 0), -1);
	assert_int_equal(sim_nic_steer(&f.nic, 0, QUEUES), -1);
}

static void take(unsigned n)
{
	struct ix_packet *packets[512];

	assert_int_equal(sim_nic_receive(&f.nic, 0, packets, n), n);
	for (unsigned i = 0; i < n; i++)
		sim_pool_put(&f.pool, packets[i]);
}

static unsigned fill(void)
{
	uint64_t before = f.nic.queue[0].received;

	for (unsigned i = 0; i < 600; i++)
		sim_nic_hashed(&f.nic, hashed(0));
	return (unsigned)(f.nic.queue[0].received - before);
}

static void test_receive_ring_overflows_and_descriptors_come_back_by_32(void **state)
{
	assert_int_equal(fill(), 512);
	assert_int_equal(f.nic.queue[0].dropped, 88);
	assert_int_equal(f.dropped, 88);
	take(31);
	assert_int_equal(fill(), 0); /* none of the 31 is back yet */
	assert_int_equal(sim_nic_doorbells(&f.nic, 0), 0);
	take(1);
	assert_int_equal(sim_nic_doorbells(&f.nic, 0), 1);
	assert_int_equal(fill(), 32);
	take(100);
	assert_int_equal(fill(), 100);
}

static void test_transmit_ring_is_free_when_bits_have_left(void **state)
{
	struct ix_packet *packets[SIM_NIC_TX_DESCRIPTORS + 10];

	for (unsigned i = 0; i < SIM_NIC_TX_DESCRIPTORS + 10; i++)
		packets[i] = hashed(i);
	assert_int_equal(sim_nic_transmit(&f.nic, 3, packets, SIM_NIC_TX_DESCRIPTORS + 10), SIM_NIC_TX_DESCRIPTORS);
	assert_int_equal(sim_nic_doorbells(&f.nic, 3), 1);
	sim_nic_flush(&f.nic, 3);
	assert_int_equal(sim_nic_doorbells(&f.nic, 3), 0);
	assert_int_equal(sim_nic_transmit(&f.nic, 3, packets + SIM_NIC_TX_DESCRIPTORS, 10), 0);
	sim_run(&f.engine, 355); /* 64 + 24 bytes at 10 Gbit/s: 70.4 ns each; five have left at 352 */
	assert_int_equal(sim_nic_transmit(&f.nic, 3, packets + SIM_NIC_TX_DESCRIPTORS, 10), 5);
	sim_nic_flush(&f.nic, 3);
	sim_run(&f.engine, 10000000);
	assert_int_equal(f.sent, SIM_NIC_TX_DESCRIPTORS + 5);
	assert_int_equal(f.nic.queue[3].transmitted, SIM_NIC_TX_DESCRIPTORS + 5);
	for (unsigned i = 5; i < 10; i++)
		sim_pool_put(&f.pool, packets[SIM_NIC_TX_DESCRIPTORS + i]);
}

/* Connections of each core, smallest and largest. */
static void spread(const struct sim_connection *connection, unsigned count, unsigned cores, unsigned *least,
		   unsigned *most)
{
	unsigned per_core[64] = {0};

	for (unsigned i = 0; i < count; i++)
		per_core[ix_rss_group(&f.nic.rss, connection[i].hash) % cores]++;
	*least = count;
	*most = 0;
	for (unsigned i = 0; i < cores; i++) {
		*least = per_core[i] < *least ? per_core[i] : *least;
		*most = per_core[i] > *most ? per_core[i] : *most;
	}
}

static int compare_tuples(const void *a, const void *b)
{
	const struct sim_connection *x = a, *y = b;

	if (x->client_ip != y->client_ip)
		return x->client_ip < y->client_ip ? -1 : 1;
	return (int)x->client_port - (int)y->client_port;
}

static void place_and_check(unsigned count, unsigned cores, enum sim_placement placement)
{
	struct sim_connection *c = calloc(count, sizeof(*c));
	unsigned least, most;

	assert_int_equal(sim_clients_place(c, count, &f.nic.rss, cores, placement, 1, 0), 0);
	spread(c, count, cores, &least, &most);
	if (placement == SIM_PLACEMENT_EVEN)
		assert_true(most - least <= (count % cores != 0));
	else
		assert_true(most - least > 1);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(c[i].hash,
				 ix_rss_hash_ipv4(&f.nic.rss, c[i].client_ip, 0x0a000001, c[i].client_port, 1234));
	qsort(c, count, sizeof(*c), compare_tuples);
	for (unsigned i = 1; i < count; i++)
		assert_int_not_equal(compare_tuples(&c[i - 1], &c[i]), 0);
	free(c);
}

static void test_connections_are_placed(void **state)
{
	place_and_check(2752, 16, SIM_PLACEMENT_EVEN);
	place_and_check(2752, 3, SIM_PLACEMENT_EVEN);
	place_and_check(64, 64, SIM_PLACEMENT_EVEN);
	place_and_check(100000, 16, SIM_PLACEMENT_EVEN);
	place_and_check(2752, 16, SIM_PLACEMENT_RANDOM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_frames_go_where_their_hash_says, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_frames_without_ports_go_to_queue_0, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_steering_redirects_a_group_alone, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_receive_ring_overflows_and_descriptors_come_back_by_32, set_up,
					    tear_down),
	    cmocka_unit_test_setup_teardown(test_transmit_ring_is_free_when_bits_have_left, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_connections_are_placed, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
