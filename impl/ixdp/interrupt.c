#include "impl/ixdp/interrupt.h"
#include "impl/ixdp/process.h"

#include <errno.h>
#include <signal.h>
#include <ucontext.h>

/* The program's own instructions, from the linker. */
extern const char __executable_start[], etext[];

static _Thread_local struct ixdp_thread *self;

static int in_program(const ucontext_t *context)
{
	uintptr_t at = (uintptr_t)context->uc_mcontext.gregs[REG_RIP];

	return at >= (uintptr_t)__executable_start && at < (uintptr_t)etext;
}

static void count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void handle(int signal, siginfo_t *info, void *context)
{
	struct ix_work work = {0};
	int saved = errno;

	if (!self)
		return;
	if (!atomic_load_explicit(&self->user_since_ns, memory_order_relaxed) || !in_program(context)) {
		count(&self->interrupts_put_off);
		return;
	}
	ix_kernel_interrupt(self->core, &work);
	count(&self->interrupts);
	errno = saved;
}

int ixdp_interrupts_start(void)
{
	struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART};

	sigfillset(&action.sa_mask);
	return sigaction(SIGRTMIN, &action, NULL);
}

void ixdp_interrupts_attach(struct ixdp_thread *thread)
{
	self = thread;
}

void ixdp_interrupt(struct ixdp_thread *thread)
{
	if (atomic_load_explicit(&thread->user_since_ns, memory_order_relaxed))
		pthread_kill(thread->pthread, SIGRTMIN);
}
