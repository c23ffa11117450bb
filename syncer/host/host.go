// Package host asks this computer how gently it wants to be used: battery, network, sleep, priority.
package host

import "context"

// Answer is what the system says to a yes-or-no question.
type Answer uint8

// The zero value is that it does not say.
const (
	Unknown Answer = iota
	No
	Yes
)

func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case No:
		return "no"
	}
	return "unknown"
}

// Facts are what a computer says of itself at one moment.
type Facts struct {
	// OnBattery: it runs from a battery that is not being charged. A computer without one says no.
	OnBattery Answer
	// Metered: the network it uses costs by the byte, or the system takes that for likely. Linux says so where
	// NetworkManager runs; Windows and macOS are not asked and stay Unknown.
	Metered Answer
}

// Read asks the system. It takes some milliseconds, two seconds at most, and never fails: what is not answered is
// Unknown. Call it as often as it matters, once a minute say.
func Read(ctx context.Context) Facts {
	return Facts{OnBattery: onBattery(), Metered: metered(ctx)}
}
