$(eval $(call test,core_property_wheel,tests/property/core/test_wheel.c,ixcore models,$(MODELS_LIBS)))
$(eval $(call test,core_property_migration,tests/property/core/test_migration.c tests/unit/core/memory_nic.c,ixcore models,\
	$(MODELS_LIBS) -lpthread))
