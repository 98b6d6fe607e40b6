$(eval $(call library,models,$(wildcard models/*.c)))
MODELS_LIBS := $(call pkg,--libs,gsl)
