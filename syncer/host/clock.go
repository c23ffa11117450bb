package host

import "time"

// Reading is what this computer's clocks say at one moment.
type Reading struct {
	Awake time.Duration // time that it ran, since some moment
	Boot  time.Duration // the same, with the time that it slept; 0: there is no such clock
	Wall  time.Time     // as shown to people, who may set it
}

// jumpMin is the smallest jump that counts. Clocks are not read all at once, and the wall's is pulled right all the
// time.
const jumpMin = 5 * time.Second

// Clock notices that this computer slept, or that its clock was set. The zero value is ready.
type Clock struct{ last Reading }

// Jump is what happened between two readings, beside time going by.
type Jump struct {
	// Slept is how long this computer slept; 0 if not worth a word.
	Slept time.Duration
	// Set is by how much its clock was set, back if negative. A virtual machine that was halted from outside has not
	// slept as far as it knows, and finds its clock set forward.
	Set time.Duration
}

// Next takes the clocks' reading and tells what happened since the one before; of the first there is nothing to tell.
// Call it about once a minute: a sleep is noticed with the first call after it.
//
// Without a clock that runs on in sleep, a wall clock that has jumped forward is taken for sleep: to look once more
// costs little, and a missed day is lost.
func (c *Clock) Next(r Reading) Jump {
	last := c.last
	c.last = r
	if last.Wall.IsZero() {
		return Jump{}
	}
	awake := r.Awake - last.Awake
	wall := r.Wall.Round(0).Sub(last.Wall.Round(0)) // without Go's own monotonic clock
	var j Jump
	switch {
	case r.Boot != 0 && last.Boot != 0:
		boot := r.Boot - last.Boot
		j = Jump{Slept: boot - awake, Set: wall - boot}
	case wall > awake:
		j.Slept = wall - awake
	default:
		j.Set = wall - awake
	}
	if j.Slept < jumpMin {
		j.Slept = 0
	}
	if j.Set.Abs() < jumpMin {
		j.Set = 0
	}
	return j
}
