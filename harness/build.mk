# Everything but main() is a library, so that tests and fuzzers can link it.
HARNESS_LIBS := -lm $(call pkg,--libs,jansson sqlite3 libconfig gsl) -lurcu-qsbr -lurcu-common -lpthread
HARNESS_LINK := harness testbed sim ix ixtcp ixcore lwip analysis models
$(eval $(call library,harness,$(filter-out harness/ixlab.c,$(wildcard harness/*.c))))
$(eval $(call program,ixlab,harness/ixlab.c,$(HARNESS_LINK),$(HARNESS_LIBS)))
PROGRAMS += $(BIN)/ixlab
