/*
 * What the core has the cache fetch: packets are announced to their stack before they are received, and a long transmit
 * queue is looked at from its head. None of it may touch a packet that has gone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "impl/core/stack_message.h"
#include "tests/unit/core/world.h"

#define PACKETS 1000

static struct {
	unsigned announced[PACKETS]; /* steps in a row, the last one included */
	unsigned received, whole;    /* received with all steps before */
} seen;

static uint32_t payload_of(const struct ix_packet *packet)
{
	uint32_t payload;

	memcpy(&payload, packet->data + sizeof(struct ix_message_header), sizeof(payload));
	return payload;
}

/* In order from 0 on; once more from 0 where a cycle has ended meanwhile. */
static void announce(struct ix_thread *thread, struct ix_flow_group *group, const struct ix_packet *packet,
		     unsigned step)
{
	uint32_t payload = payload_of(packet);

	assert_ptr_equal(group, &thread->dataplane->group[packet->group]);
	assert_true(payload >= seen.received); /* it is still to come */
	assert_true(step == 0 || step == seen.announced[payload]);
	assert_true(step < IX_PREFETCH_STEPS);
	seen.announced[payload] = step + 1;
}

static void receive(struct ix_thread *thread, struct ix_flow_group *group, struct ix_packet *packet)
{
	uint32_t payload = payload_of(packet);

	assert_int_equal(payload, seen.received);
	seen.received++;
	seen.whole += seen.announced[payload] == IX_PREFETCH_STEPS;
	ix_stack_message.receive(thread, group, packet);
}

static void test_announced(void **state)
{
	struct ix_stack stack = ix_stack_message;
	struct ix_options options = ix_options_default;
	struct world world;

	stack.receive = receive;
	stack.prefetch = announce;
	options.stack = &stack;
	memset(&seen, 0, sizeof(seen));
	world = world_start(options);
	for (unsigned i = 0; i < PACKETS; i++)
		world_arrive(&world, i * 7, i, i);
	while (seen.received < PACKETS) {
		world_cycle(&world, 0);
		echo_user_phase(world.nic, world.thread, NULL, NULL);
	}
	assert_int_equal(seen.whole, PACKETS); /* all stood in the queue together */
	world_arrive(&world, 1, 1, 0);         /* one by itself has just come */
	memset(&seen, 0, sizeof(seen));
	world_cycle(&world, 0);
	assert_int_equal(seen.received, 1);
	assert_int_equal(seen.announced[0], 0);
	echo_user_phase(world.nic, world.thread, NULL, NULL);
	world_cycle(&world, 0);
	world_stop(&world);
}

static struct ix_thread *transmitting;
static unsigned looked_at;

/* Only packets of the transmit queue, or of the default queue. */
static void look(void *context, const struct ix_packet *packet)
{
	const struct ix_packet *p = transmitting->transmit.head;
	const struct memory_nic *nic = context;

	assert_true(packet >= nic->packets && packet < nic->packets + nic->packet_count);
	while (p && p != packet)
		p = p->next;
	for (looked_at += p != NULL, p = p ? p : transmitting->backlog.head; p != packet; p = p->next)
		assert_non_null(p);
}

static void test_long_transmit_queue(void **state)
{
	struct world world = {memory_nic_create(1, 128, 4096, 8192, 256), NULL, NULL};
	struct ix_packet *packet;
	unsigned sent = 0;

	world.nic->platform.packet_prefetch = look;
	assert_int_equal(ix_dataplane_create(&world.dataplane, &ix_options_default, &world.nic->platform), 0);
	transmitting = world.thread = &world.dataplane->thread[0];
	looked_at = 0;
	world.nic->transmit_room = 13;
	for (unsigned i = 0; i < PACKETS; i++)
		world_arrive(&world, i * 7, i, i);
	for (unsigned cycles = 0; sent < PACKETS; cycles++) {
		assert_true(cycles < PACKETS);
		world_cycle(&world, 0);
		while ((packet = memory_nic_sent(world.nic, 0))) {
			assert_int_equal(payload_of(packet), sent++);
			memory_nic_free(world.nic, packet);
		}
		world.nic->transmit_room = cycles % 3 ? 13 : 150; /* more than was looked at, too */
		echo_user_phase(world.nic, world.thread, NULL, NULL);
	}
	assert_int_equal(world.thread->transmit.count, 0);
	assert_true(looked_at > PACKETS / 4);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_announced),
	    cmocka_unit_test(test_long_transmit_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
