#include "sim/engine.h"

#include <stdlib.h>
#include <string.h>

#define NEVER (~(sim_key)0)
#define ROOT  1u

/* Plays the games from leaf @leaf, whose key has changed, up to the root. */
static inline void replay(struct sim_engine *e, uint32_t leaf)
{
	const sim_key *key = e->key;
	uint32_t *winner = e->winner;
	uint32_t best = leaf;
	sim_key best_key = key[leaf];

	for (uint32_t node = e->leaves + leaf; node > ROOT; node >>= 1) {
		uint32_t rival = winner[node ^ 1];
		sim_key rival_key = key[rival];
		int wins = rival_key < best_key;

		best = wins ? rival : best;
		best_key = wins ? rival_key : best_key;
		winner[node >> 1] = best;
	}
}

static void play_all(struct sim_engine *e)
{
	for (uint32_t i = 0; i < e->leaves; i++)
		e->winner[e->leaves + i] = i;
	for (uint32_t node = e->leaves - 1; node >= ROOT; node--) {
		uint32_t a = e->winner[2 * node], b = e->winner[2 * node + 1];

		e->winner[node] = e->key[b] < e->key[a] ? b : a;
	}
}

static int grow(struct sim_engine *e, uint32_t leaves)
{
	sim_key *key = realloc(e->key, leaves * sizeof(*key));
	struct sim_event **event = realloc(e->event, leaves * sizeof(struct sim_event *));
	uint32_t *winner = realloc(e->winner, 2 * (size_t)leaves * sizeof(*winner));
	uint32_t *free_leaf = realloc(e->free_leaf, leaves * sizeof(*free_leaf));

	e->key = key ? key : e->key;
	e->event = event ? event : e->event;
	e->winner = winner ? winner : e->winner;
	e->free_leaf = free_leaf ? free_leaf : e->free_leaf;
	if (!key || !event || !winner || !free_leaf)
		return -1;
	for (uint32_t i = leaves; i-- > e->leaves;) { /* the lowest comes off the stack first */
		key[i] = NEVER;
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
	free(engine->key);
	free(engine->event);
	free(engine->winner);
	free(engine->free_leaf);
	memset(engine, 0, sizeof(*engine));
}

void sim_schedule(struct sim_engine *engine, struct sim_event *event, uint64_t time_ns)
{
	uint64_t at_ns = time_ns < engine->now_ns ? engine->now_ns : time_ns;
	uint32_t leaf;

	if (event->place) {
		leaf = event->place - 1;
		engine->pending--;
	} else if (engine->open) {
		leaf = engine->open - 1;
		engine->open = 0;
	} else {
		if (!engine->free_count && grow(engine, 2 * engine->leaves)) {
			engine->failed = 1;
			return;
		}
		leaf = engine->free_leaf[--engine->free_count];
	}
	engine->key[leaf] = (sim_key)at_ns << 64 | engine->sequence++;
	engine->event[leaf] = event;
	event->place = leaf + 1;
	engine->pending++;
	replay(engine, leaf);
}

static void clear_leaf(struct sim_engine *e, uint32_t leaf)
{
	e->key[leaf] = NEVER;
	e->free_leaf[e->free_count++] = leaf;
	replay(e, leaf);
}

void sim_cancel(struct sim_engine *engine, struct sim_event *event)
{
	if (!event->place)
		return;
	clear_leaf(engine, event->place - 1);
	event->place = 0;
	engine->pending--;
}

int sim_run(struct sim_engine *engine, uint64_t until_ns)
{
	engine->stopped = 0;
	while (!engine->failed) {
		uint32_t leaf = engine->winner[ROOT];
		uint64_t time_ns = (uint64_t)(engine->key[leaf] >> 64);
		struct sim_event *event;

		if (!engine->pending || time_ns > until_ns) {
			if (until_ns > engine->now_ns && until_ns != UINT64_MAX)
				engine->now_ns = until_ns;
			return 0;
		}
		event = engine->event[leaf];
		event->place = 0;
		engine->now_ns = time_ns;
		engine->fired++;
		engine->pending--;
		engine->open = leaf + 1;
		event->fire(event);
		if (engine->open) {
			engine->open = 0;
			clear_leaf(engine, leaf);
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
		uint32_t a = engine->winner[2 * node], b = engine->winner[2 * node + 1];

		if (engine->winner[node] != (engine->key[b] < engine->key[a] ? b : a) &&
		    engine->key[a] != engine->key[b])
			return 0;
	}
	for (uint32_t i = 0; i < engine->leaves; i++) {
		if (engine->winner[engine->leaves + i] != i)
			return 0;
		if (engine->key[i] == NEVER || engine->open == i + 1)
			continue;
		used++;
		if (engine->event[i]->place != i + 1)
			return 0;
	}
	return used == engine->pending;
}
