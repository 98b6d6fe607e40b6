/*
 * The shuffle layer of impl/core as a model for spin: a home thread, THIEVES other threads, CONNECTIONS connections
 * with EVENTS events each, a receive ring that fills at any time, threads that wait when they find nothing.
 *
 * Claims, for every interleaving: a connection stands in the queue at most once and only while it is ready; at most one
 * thread works on it; replies leave in the order of the events; nothing is forgotten: the model ends only when all
 * events have been answered, so a thread that waits for ever is an invalid end state. What the home thread leaves in its
 * queue is shown to others as long as it is there, and no longer; and who waits has been kicked for it.
 *
 * Each mutation (-D M_...) is a mistake that must break a claim; tests/integration/core/test_zygos_model runs all.
 * Variables that are not needed any more are set to 0, so that there are fewer states.
 * Memory is sequentially consistent here; where the code relies on less, its comments say why that is enough.
 */
#ifndef THIEVES
#define THIEVES 2
#endif
#ifndef CONNECTIONS
#define CONNECTIONS 2
#endif
#ifndef EVENTS
#define EVENTS 2
#endif
#define HOME 0
#define NONE 255
#define ALL  (CONNECTIONS * EVENTS)

mtype = { idle, ready, busy };

mtype state[CONNECTIONS] = idle;
byte pending[CONNECTIONS];  /* events that wait in the connection */
byte begun[CONNECTIONS];    /* events given to the application, ever: the number of the next */
byte replied[CONNECTIONS];  /* replies that have left, ever */
byte queued[CONNECTIONS];   /* how often it stands in the queue */
byte workers[CONNECTIONS];  /* threads that work on it */
byte answered;              /* replies in all */

chan queue = [ALL] of { byte };             /* the shuffle queue of the home thread */
chan ring = [ALL] of { byte };              /* its receive ring */
chan remote = [ALL] of { byte, byte, byte } /* calls shipped to it: connection, first event, number */

bit lock, in_kernel = 1, interrupt;
bit shown; /* to thieves: the queue holds something */
bit waits[THIEVES + 1], kicked[THIEVES + 1];
bit asleep[THIEVES + 1]; /* has waited since it looked in vain */

#define FINISHED (answered == ALL)

inline acquire() { atomic { !lock -> lock = 1 } }
inline unlock() { lock = 0 }

inline make_ready(c)
{
	assert(queued[c] == 0);
	assert(workers[c] == 0);
	queued[c]++;
	state[c] = ready;
	queue!c
}

/* Wakes one thief that waits, if there is one. */
inline wake_a_thief()
{
	atomic {
		if
		:: waits[1] -> waits[1] = 0; kicked[1] = 1
#if THIEVES > 1
		:: waits[2] && !waits[1] -> waits[2] = 0; kicked[2] = 1
#endif
		:: else
		fi
	}
}

/* ix_shuffle_show(): at the end of what the home thread does */
inline show_left()
{
	if
#ifndef M_NOT_SHOWN
	:: len(queue) > 0 && !shown ->
#ifdef M_SHOWN_WITHOUT_LOCK
		shown = 1
#else
		acquire();
		if
		:: nempty(queue) -> shown = 1
		:: empty(queue)
		fi;
		unlock()
#endif
#endif
	:: else
	fi
}

/* For what is left ready, or unprocessed. */
inline wake_others()
{
#ifdef M_WOKEN_BEFORE_SHOWN
	if
	:: len(queue) + len(ring) > 0 -> wake_a_thief()
	:: else
	fi;
	show_left()
#else
	show_left();
	if
	:: len(queue) + len(ring) > 0 -> wake_a_thief()
	:: else
	fi
#endif
}

/* The home thread is about to leave its queue alone. */
inline check_shown()
{
	atomic {
		assert(empty(queue) || shown);
#if THIEVES == 1
		assert(empty(queue) || !asleep[1] || kicked[1])
#endif
	}
}

/* deliver(): an event of a connection, at its home thread. */
inline append(c)
{
	acquire();
	pending[c]++;
	if
#ifdef M_READY_WHILE_BUSY
	:: state[c] != ready -> make_ready(c)
#elif defined(M_QUEUED_TWICE)
	:: state[c] != busy -> make_ready(c)
#else
	:: state[c] == idle -> make_ready(c)
#endif
	:: else
	fi;
	unlock()
}

inline release(c)
{
	acquire();
	workers[c]--;
	if
#ifndef M_EVENTS_FORGOTTEN
	:: pending[c] > 0 -> make_ready(c)
#endif
	:: else -> state[c] = idle
	fi;
	unlock()
}

inline hide()
{
	if
	:: len(queue) == 0 && shown -> shown = 0
	:: else
	fi
}

/* Under the lock, but in steps. */
inline take(c, first, n)
{
	queue?c;
	assert(queued[c] == 1);
	assert(state[c] == ready);
	queued[c]--;
	state[c] = busy;
	first = begun[c];
	n = pending[c];
	pending[c] = 0;
	begun[c] = first + n;
	workers[c]++;
	assert(workers[c] == 1);
#ifndef M_HIDDEN_WITHOUT_LOCK
	hide()
#endif
}

/* The calls of @n events run, at the home thread. */
inline reply(c, first, n)
{
	assert(first == replied[c]);
	d_step { replied[c] = replied[c] + n; answered = answered + n }
}

inline run_remote()
{
	do
	:: remote?c, first, n ->
		reply(c, first, n);
#ifndef M_RELEASED_WHEN_SHIPPED
		release(c)
#endif
	:: empty(remote) -> break
	od;
	atomic { c = 0; first = 0; n = 0 }
}

inline serve()
{
	run_remote();
	if
	:: empty(queue) ->
		do
		:: ring?c -> append(c)
		:: empty(ring) -> break
		od;
		c = 0
	:: nempty(queue)
	fi
}

proctype home()
{
	byte c, own = NONE, own_first, own_n, first, n;

	do
	:: FINISHED -> break
	:: else ->
		/* output half */
		if
		:: own != NONE ->
			reply(own, own_first, own_n);
			release(own);
			own = NONE; own_first = 0; own_n = 0
		:: else
		fi;
		serve();
		show_left();
		/* input half */
		acquire();
#ifdef M_INTERRUPT_IN_KERNEL
		if
		:: interrupt -> interrupt = 0; serve()
		:: true
		fi;
#endif
		if
		:: nempty(queue) -> take(own, own_first, own_n)
		:: empty(queue)
		fi;
		unlock();
#ifdef M_HIDDEN_WITHOUT_LOCK
		hide();
#endif
		wake_others();
		check_shown();
		if
		:: own != NONE ->
			/* user phase, with any number of interrupts */
			in_kernel = 0;
			do
			:: interrupt ->
				in_kernel = 1;
				interrupt = 0;
				serve();
				wake_others();
				check_shown();
				in_kernel = 0
			:: break
			od;
			in_kernel = 1;
			interrupt = 0 /* a hint that comes too late; the kernel phase looks anyway */
		:: else ->
			waits[HOME] = 1;
			if
#ifndef M_NO_SECOND_LOOK
			:: shown || len(remote) + len(ring) > 0
#endif
			:: else ->
				kicked[HOME] || FINISHED
			fi;
			atomic { waits[HOME] = 0; kicked[HOME] = 0 }
		fi
	od
}

proctype thief(byte me)
{
	byte c, first, n;

	do
	:: FINISHED -> break
	:: else ->
		if
		:: shown ->
			/* trylock */
			if
#ifdef M_NO_LOCK
			:: true ->
#else
			:: atomic { !lock -> lock = 1 }
#endif
				c = NONE;
				if
				:: nempty(queue) -> take(c, first, n)
				:: empty(queue)
				fi;
				unlock();
#ifdef M_HIDDEN_WITHOUT_LOCK
				hide();
#endif
				if
				:: c != NONE ->
					/* the user phase; then the calls go home */
#ifdef M_RELEASED_WHEN_SHIPPED
					release(c);
#endif
					remote!c, first, n;
#ifndef M_NO_KICK
					atomic {
						if
						:: waits[HOME] -> waits[HOME] = 0; kicked[HOME] = 1
						:: else ->
							if
							:: !in_kernel -> interrupt = 1
							:: else
							fi
						fi
					}
#endif
				:: else
				fi;
				atomic { c = 0; first = 0; n = 0 }
#ifndef M_NO_LOCK
			:: lock /* held: look again */
#endif
			fi
		:: else ->
			if
			:: !in_kernel && len(ring) + len(remote) > 0 -> interrupt = 1
			:: else
			fi;
			waits[me] = 1;
			if
			:: shown
			:: atomic { !shown -> asleep[me] = 1 };
				kicked[me] || FINISHED
			fi;
			atomic { waits[me] = 0; kicked[me] = 0; asleep[me] = 0 }
		fi
	od
}

inline wake_for_packet()
{
	atomic {
		if
		:: waits[HOME] -> waits[HOME] = 0; kicked[HOME] = 1
		:: else -> wake_a_thief()
		fi
	}
}

/* Packets arrive; the world wakes who waits for them. */
proctype arrivals()
{
	byte left[CONNECTIONS], c;

	do
	:: c < CONNECTIONS -> left[c] = EVENTS; c++
	:: else -> break
	od;
	do
	:: left[0] > 0 -> left[0]--; ring!0; wake_for_packet()
#if CONNECTIONS > 1
	:: left[1] > 0 -> left[1]--; ring!1; wake_for_packet()
#endif
	:: else -> break
	od
}

init
{
	byte c;

	atomic {
		run home();
		run thief(1);
#if THIEVES > 1
		run thief(2);
#endif
		run arrivals()
	};
	FINISHED && _nr_pr == 1;
	do
	:: c < CONNECTIONS ->
		assert(state[c] == idle && pending[c] == 0 && queued[c] == 0 && workers[c] == 0);
		assert(replied[c] == EVENTS && begun[c] == EVENTS);
		c++
	:: else -> break
	od;
	assert(empty(queue) && empty(remote) && empty(ring) && !lock && !shown)
}
