$(foreach t,rng dist dist_parse closed_form,$(eval $(call test,test_$(t),tests/unit/models/test_$(t).c,models,$(MODELS_LIBS))))
$(eval $(call test,test_queueing,$(addprefix tests/unit/models/,test_queueing.c naive_queue.c),models,$(MODELS_LIBS)))
