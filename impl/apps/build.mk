$(eval $(call library,ixapps,$(wildcard impl/apps/*.c)))
