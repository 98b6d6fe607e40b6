$(eval $(call library,ixcore,$(wildcard impl/core/*.c)))
