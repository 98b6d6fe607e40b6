$(eval $(call library,ixhost,$(wildcard impl/host/*.c)))
