$(eval $(call library,sim,$(wildcard sim/*.c)))
