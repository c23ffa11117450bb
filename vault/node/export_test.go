package node

import "time"

// Hurry gives every call of k the same, short limits.
func Hurry(k *Kubo, deadline, stall time.Duration) {
	l := limit{deadline, stall}
	k.patience = patience{quick: l, block: l, list: l, lock: l, load: l, update: l, pin: l, gc: l}
}

// StartedBy returns the path of the file that names the daemon which a Roost started in m's folder.
func StartedBy(m *Managed) string { return m.startedFile() }

// CAR returns blocks as the bytes that are sent.
var CAR = newCAR

// Crash kills the daemon of m.
func Crash(m *Managed) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.up.cmd.Process.Kill()
}

// Supervises says whether m looks after its daemon, rather than another process.
func Supervises(m *Managed) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.standby && m.up != nil
}

// Apart compares clocks.
var Apart = apart
