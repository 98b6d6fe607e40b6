$(foreach t,rng dist dist_parse,$(eval $(call test,test_$(t),tests/unit/models/test_$(t).c,models,$(MODELS_LIBS))))
