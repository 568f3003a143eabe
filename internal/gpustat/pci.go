package gpustat

import (
	"fmt"
	"strings"
)

// pciAddress writes an address as Linux does.
func pciAddress(domain, bus, device, function uint32) string {
	return fmt.Sprintf("%04x:%02x:%02x.%x", domain, bus, device, function)
}

// parseAddress reads an address, whose domain may have more digits; "" if it is none.
func parseAddress(text string) string {
	var domain, bus, device, function uint32
	if _, err := fmt.Sscanf(strings.TrimSpace(text), "%x:%x:%x.%x", &domain, &bus, &device, &function); err != nil {
		return ""
	}
	return pciAddress(domain, bus, device, function)
}

// parseEvent reads what Linux says of a device of the PCI bus in the file uevent.
func parseEvent(text string) (address string, vendor, model uint32) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "PCI_SLOT_NAME":
			address = parseAddress(value)
		case "PCI_ID":
			if _, err := fmt.Sscanf(value, "%x:%x", &vendor, &model); err != nil {
				vendor, model = 0, 0
			}
		}
	}
	return address, vendor, model
}
