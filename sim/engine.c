#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

#define NEVER   UINT64_MAX
#define ROOT    1u
#define NO_LEAF UINT32_MAX

/* Does leaf @a come before leaf @b? Free ones come last. */
static int before(const struct sim_engine *e, uint32_t a, uint32_t b)
{
	return e->time_ns[a] < e->time_ns[b] || (e->time_ns[a] == e->time_ns[b] && e->order[a] < e->order[b]);
}

/* Plays the games from leaf @leaf, whose key has changed, up to the root. Times decide nearly all of them. */
static inline void replay(struct sim_engine *e, uint32_t leaf)
{
	const uint64_t *time_ns = e->time_ns;
	uint32_t *winner = e->winner;
	uint32_t best = leaf;
	uint64_t best_ns = time_ns[leaf];

	for (uint32_t node = e->leaves + leaf; node > ROOT; node >>= 1) {
		uint32_t rival = winner[node ^ 1];
		uint64_t rival_ns = time_ns[rival];

		if (rival_ns == best_ns) {
			best = e->order[rival] < e->order[best] ? rival : best;
		} else {
			best = rival_ns < best_ns ? rival : best;
			best_ns = rival_ns < best_ns ? rival_ns : best_ns;
		}
		winner[node >> 1] = best;
	}
}

static void play_all(struct sim_engine *e)
{
	for (uint32_t i = 0; i < e->leaves; i++)
		e->winner[e->leaves + i] = i;
	for (uint32_t node = e->leaves - 1; node >= ROOT; node--) {
		uint32_t a = e->winner[2 * node], b = e->winner[2 * node + 1];

		e->winner[node] = before(e, b, a) ? b : a;
	}
}

static int grow(struct sim_engine *e, uint32_t leaves)
{
	uint64_t *time_ns = realloc(e->time_ns, leaves * sizeof(*time_ns));
	uint64_t *order = realloc(e->order, leaves * sizeof(*order));
	struct sim_event **event = realloc(e->event, leaves * sizeof(struct sim_event *));
	uint32_t *winner = realloc(e->winner, 2 * (size_t)leaves * sizeof(*winner));
	uint32_t *free_leaf = realloc(e->free_leaf, leaves * sizeof(*free_leaf));

	e->time_ns = time_ns ? time_ns : e->time_ns;
	e->order = order ? order : e->order;
	e->event = event ? event : e->event;
	e->winner = winner ? winner : e->winner;
	e->free_leaf = free_leaf ? free_leaf : e->free_leaf;
	if (!time_ns || !order || !event || !winner || !free_leaf)
		return -1;
	for (uint32_t i = leaves; i-- > e->leaves;) { /* the lowest comes off the stack first */
		time_ns[i] = order[i] = NEVER;
		free_leaf[e->free_count++] = i;
	}
	e->leaves = leaves;
	play_all(e);
	return 0;
}

int sim_engine_init(struct sim_engine *engine, uint32_t expected)
{
	uint32_t leaves = 16;

	while (leaves < expected)
		leaves *= 2;
	memset(engine, 0, sizeof(*engine));
	return grow(engine, leaves);
}

void sim_engine_fini(struct sim_engine *engine)
{
	free(engine->time_ns);
	free(engine->order);
	free(engine->event);
	free(engine->winner);
	free(engine->free_leaf);
	memset(engine, 0, sizeof(*engine));
}

static void clear_leaf(struct sim_engine *e, uint32_t leaf)
{
	e->time_ns[leaf] = e->order[leaf] = NEVER;
	e->free_leaf[e->free_count++] = leaf;
	replay(e, leaf);
}

static void append(struct sim_engine *e, struct sim_event *event)
{
	event->place = SIM_PLACE_PRESENT;
	event->next = NULL;
	event->previous = e->last;
	if (e->last)
		e->last->next = event;
	else
		e->first = event;
	e->last = event;
}

static void unlink(struct sim_engine *e, struct sim_event *event)
{
	if (event->previous)
		event->previous->next = event->next;
	else
		e->first = event->next;
	if (event->next)
		event->next->previous = event->previous;
	else
		e->last = event->previous;
}

/* Clears the leaf of an event that is not the next to fire: nothing changes above the first game that it has lost. */
static void clear_early(struct sim_engine *e, uint32_t leaf)
{
	uint32_t node = (e->leaves + leaf) >> 1;

	if (e->winner[node] == leaf) {
		clear_leaf(e, leaf);
		return;
	}
	e->time_ns[leaf] = e->order[leaf] = NEVER;
	e->free_leaf[e->free_count++] = leaf;
}

/* A leaf for an event that has none; NO_LEAF when memory is short. */
static uint32_t take_leaf(struct sim_engine *e)
{
	uint32_t leaf = e->open;

	if (leaf) {
		e->open = 0;
		return leaf - 1;
	}
	if (!e->free_count && grow(e, 2 * e->leaves))
		return NO_LEAF;
	return e->free_leaf[--e->free_count];
}

void sim_schedule(struct sim_engine *engine, struct sim_event *event, uint64_t time_ns)
{
	uint32_t leaf = event->place - 1;

	if (time_ns <= engine->now_ns) {
		if (event->place)
			sim_cancel(engine, event);
		append(engine, event);
		engine->pending++;
		return;
	}
	if (event->place == SIM_PLACE_PRESENT)
		sim_cancel(engine, event);
	if (!event->place) {
		leaf = take_leaf(engine);
		if (leaf == NO_LEAF) {
			engine->failed = 1;
			return;
		}
		engine->event[leaf] = event;
		event->place = leaf + 1;
		engine->pending++;
	}
	engine->time_ns[leaf] = time_ns;
	engine->order[leaf] = engine->sequence++;
	replay(engine, leaf);
}

void sim_cancel(struct sim_engine *engine, struct sim_event *event)
{
	if (!event->place)
		return;
	if (event->place == SIM_PLACE_PRESENT)
		unlink(engine, event);
	else
		clear_early(engine, event->place - 1);
	event->place = 0;
	engine->pending--;
}

static void fire(struct sim_engine *e, struct sim_event *event)
{
	event->place = 0;
	e->fired++;
	e->pending--;
	event->fire(event);
}

static void fire_leaf(struct sim_engine *e, uint32_t leaf)
{
	e->open = leaf + 1;
	fire(e, e->event[leaf]);
	if (e->open) {
		e->open = 0;
		clear_leaf(e, leaf);
	}
}

int sim_run(struct sim_engine *engine, uint64_t until_ns)
{
	engine->stopped = 0;
	while (!engine->failed) {
		uint32_t leaf = engine->winner[ROOT];
		uint64_t time_ns = engine->time_ns[leaf];
		struct sim_event *present = time_ns == engine->now_ns ? NULL : engine->first;

		if (present)
			time_ns = engine->now_ns;
		if (!engine->pending || time_ns > until_ns) {
			if (until_ns > engine->now_ns && until_ns != UINT64_MAX)
				engine->now_ns = until_ns;
			return 0;
		}
		if (present) {
			unlink(engine, present);
			fire(engine, present);
		} else {
			engine->now_ns = time_ns;
			fire_leaf(engine, leaf);
		}
		if (engine->stopped)
			return 1;
	}
	return -1;
}

int sim_engine_valid(const struct sim_engine *engine)
{
	uint32_t used = 0;

	for (uint32_t node = ROOT; node < engine->leaves; node++) {
		uint32_t a = engine->winner[2 * node], b = engine->winner[2 * node + 1], winner = engine->winner[node];

		if ((winner != a && winner != b) || before(engine, winner == a ? b : a, winner))
			return 0;
	}
	for (uint32_t i = 0; i < engine->leaves; i++) {
		if (engine->winner[engine->leaves + i] != i)
			return 0;
		if (engine->order[i] == NEVER || engine->open == i + 1)
			continue;
		used++;
		if (engine->event[i]->place != i + 1)
			return 0;
	}
	for (const struct sim_event *event = engine->first; event; event = event->next) {
		used++;
		if (event->place != SIM_PLACE_PRESENT || (event->next ? event->next->previous : engine->last) != event)
			return 0;
	}
	return used == engine->pending;
}
