$(eval $(call test,test_queue_theory,tests/integration/test_queue_theory.c,analysis models,$(ANALYSIS_LIBS) $(MODELS_LIBS)))
PLAIN_ONLY += test_queue_theory
