/* Opening and closing, in order. */
#include "impl/nic/internal.h"

#include <rte_eal.h>
#include <rte_lcore.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nic_fail(struct nic_error *error, int code, const char *key, const char *format, ...)
{
	va_list args;

	error->key = key;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return code;
}

static const struct nic_back_end *choose_back_end(const struct nic_options *options)
{
	if (options->type == NIC_TAP)
		return &nic_tap;
	return options->type == NIC_ETHDEV ? &nic_ethdev : &nic_software;
}

static int start(struct nic *nic, struct nic_error *error)
{
	unsigned i;
	int code = nic_start_pool(nic, error);

	if (!code)
		code = nic_attach(nic, error);
	if (!code)
		code = nic_start_port(nic, error);
	if (code)
		return code;
	nic->facts.back_end = nic->back_end->name;
	for (i = 0; i < nic->options.groups; i++)
		atomic_init(&nic->reta[i], (uint8_t)(i % nic->options.threads));
	code = nic->back_end->start(nic, error);
	if (!code)
		code = nic->back_end->self_test(nic, error);
	return code;
}

int nic_open(struct nic **result, const struct nic_options *options, struct nic_error *error)
{
	struct nic *nic;
	int code;

	*result = NULL;
	error->key = "";
	if (options->threads < 1 || options->threads > NIC_THREADS_MAX)
		return nic_fail(error, -2, "threads", "1 to %d", NIC_THREADS_MAX);
	code = nic_check_device(options, error);
	if (code)
		return code;
	nic = aligned_alloc(64, sizeof(*nic));
	if (!nic)
		return nic_fail(error, -1, "", "memory is short");
	memset(nic, 0, sizeof(*nic));
	nic->options = *options;
	nic->back_end = choose_back_end(options);
	if (ix_rss_init(&nic->rss, options->rss_key, options->groups)) {
		free(nic);
		return nic_fail(error, -2, "groups", "a power of two, 1 to %d", IX_RSS_GROUPS_MAX);
	}
	code = nic_start_eal(options, &nic->facts, error);
	if (code) {
		free(nic);
		return code;
	}
	code = start(nic, error);
	if (code) {
		nic_close(nic);
		return code;
	}
	*result = nic;
	return 0;
}

void nic_close(struct nic *nic)
{
	if (nic->back_end->stop)
		nic->back_end->stop(nic);
	nic_stop_port(nic);
	rte_mempool_free(nic->pool);
	rte_eal_cleanup();
	free(nic);
}

const struct nic_facts *nic_facts(const struct nic *nic)
{
	return &nic->facts;
}

int nic_thread_start(void)
{
	return rte_thread_register() ? -1 : 0;
}

void nic_thread_stop(void)
{
	rte_thread_unregister();
}

int nic_steer(struct nic *nic, unsigned group, unsigned thread)
{
	if (group >= nic->options.groups || thread >= nic->options.threads)
		return -1;
	return nic->back_end->steer(nic, group, thread);
}

void nic_on_dealt(struct nic *nic, void (*dealt)(void *context, unsigned thread), void *context)
{
	nic->dealt_context = context;
	nic->dealt = dealt;
}

void nic_read_counters(const struct nic *nic, unsigned thread, struct nic_counters *counters)
{
	const struct nic_thread *t = &nic->thread[thread];

	*counters = (struct nic_counters){
	    .received = atomic_load_explicit(&t->received, memory_order_relaxed),
	    .sent = atomic_load_explicit(&t->sent, memory_order_relaxed),
	    .received_bytes = atomic_load_explicit(&t->received_bytes, memory_order_relaxed),
	    .sent_bytes = atomic_load_explicit(&t->sent_bytes, memory_order_relaxed),
	    .misrouted = atomic_load_explicit(&t->misrouted, memory_order_relaxed),
	    .dropped = atomic_load_explicit(&t->dropped, memory_order_relaxed),
	};
}
