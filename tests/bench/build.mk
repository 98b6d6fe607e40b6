$(eval $(call program,bench/bench_queue,tests/bench/bench_queue.c,analysis models,$(MODELS_LIBS) -lm))
BENCHES += $(BIN)/bench/bench_queue
