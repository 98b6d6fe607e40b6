FIGURE_TEST = tests/unit/analysis/test_$(1).c tests/unit/analysis/figure_fixture.c
$(foreach t,figure figure_draw report,$(eval $(call test,test_$(t),$(call FIGURE_TEST,$(t)),analysis models,$(ANALYSIS_LIBS) $(MODELS_LIBS))))
$(foreach t,histogram estimate comparison,$(eval $(call test,test_$(t),tests/unit/analysis/test_$(t).c,analysis models,-lm $(ANALYSIS_LIBS))))
STORE_TEST = tests/unit/analysis/test_$(1).c tests/unit/analysis/store_fixture.c
$(foreach t,store store_faults,$(eval $(call test,test_$(t),$(call STORE_TEST,$(t)),analysis models,-lm $(ANALYSIS_LIBS))))
