$(eval $(call library,ix,$(wildcard impl/libix/*.c)))
