$(eval $(call test,core_property_wheel,tests/property/core/test_wheel.c,ixcore models,$(MODELS_LIBS)))
