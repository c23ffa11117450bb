package host

import (
	"os"
	"path/filepath"
	"strings"
)

func onBattery() Answer { return powerSupplies("/sys/class/power_supply") }

// powerSupplies understands the kernel's list of what this computer draws power from, as its
// Documentation/ABI/testing/sysfs-class-power describes it. dir is missing where the kernel's list is not to be seen.
func powerSupplies(dir string) Answer {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Unknown
	}
	plugged, unplugged, draining, unclear := false, false, false, false
	for _, e := range entries {
		read := func(name string) string {
			b, err := os.ReadFile(filepath.Join(dir, e.Name(), name))
			if err != nil {
				return "" // not every supply has everything, and some take their time
			}
			return strings.TrimSpace(string(b))
		}
		if read("scope") == "Device" {
			continue // a mouse's
		}
		switch read("type") {
		case "Battery", "UPS":
			switch read("status") {
			case "Discharging":
				draining = true
			case "Charging", "Full", "Not charging":
			default:
				unclear = true
			}
		case "Mains", "USB", "Wireless", "BrickID", "USB_C", "USB_PD", "USB_DCP", "USB_CDP", "USB_ACA":
			switch read("online") {
			case "", "0":
				unplugged = true
			default:
				plugged = true
			}
		}
	}
	switch {
	case plugged:
		return No // a weak charger may drain the battery all the same
	case draining:
		return Yes
	case unclear && unplugged:
		return Yes
	case unclear:
		return Unknown
	}
	return No
}
