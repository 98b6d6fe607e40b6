$(eval $(call library,models,$(wildcard models/*.c)))
MODELS_LIBS := $(call pkg,--libs,gsl)

# The ziggurat's tables are computed, not typed in.
$(BUILD)/gen/ziggurat_table: models/gen/ziggurat_table.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $< -lm
$(BUILD)/gen/ziggurat_table.h: $(BUILD)/gen/ziggurat_table
	$< > $@.part
	mv $@.part $@
$(BUILD)/obj/models/ziggurat.o: $(BUILD)/gen/ziggurat_table.h

# Pairing scalars into vectors costs this loop more than it saves (it waits for both halves).
$(BUILD)/obj/models/queue_ps.o: CFLAGS_ALL += -fno-tree-slp-vectorize
