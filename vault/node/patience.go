package node

import "time"

// patience is how long each kind of call may take. A call has two ends: its deadline, whatever happens, and its stall,
// the time without progress in either direction. Neither counts the time in which a limit of our own held bytes back.
// timeout= tells the node to give up a little before the deadline, at the limits that are in force when the call begins.
type patience struct {
	connect limit // a node that looks for another one, which may be switched off
	quick   limit // reads that wait for no lock: a sleeping disk needs up to 30 s to spin up
	block   limit // one block down: 2 MiB over a slow line that several others share
	list    limit // every pin, or a directory of links: the node loads each before its first byte
	lock    limit // writes that wait while the node collects garbage, and are short then
	load    limit // an upload; its deadline grows with its size, see uploadRate

	update limit // a pin that reads new blocks in silence: 10 GB, the most between two commits, at 12 MB/s
	pin    limit // a pin that reads everything, for hours; it reports how far it got, so a missing block shows as a stall
	fetch  limit // the same, with blocks that another node has to give
	gc     limit // marks in silence, then reports each block that it removes
	route  limit // a walk through a DHT, in which many nodes do not answer
}

type limit struct{ deadline, stall time.Duration }

// uploadRate is the slowest upload that a deadline allows for, in bytes per second: 64 MiB get about 34 minutes more.
const uploadRate = 32 << 10

var defaultPatience = patience{
	connect: limit{15 * time.Second, 15 * time.Second},
	quick:   limit{time.Minute, time.Minute},
	block:   limit{5 * time.Minute, time.Minute},
	list:    limit{5 * time.Minute, 5 * time.Minute},
	lock:    limit{5 * time.Minute, 5 * time.Minute},
	load:    limit{10 * time.Minute, 5 * time.Minute},
	update:  limit{15 * time.Minute, 15 * time.Minute},
	pin:     limit{48 * time.Hour, 5 * time.Minute},
	fetch:   limit{48 * time.Hour, time.Minute},
	gc:      limit{12 * time.Hour, 30 * time.Minute},
	route:   limit{2 * time.Minute, 2 * time.Minute},
}

// upload is the limit for sending n bytes.
func (p patience) upload(n int64) limit {
	l := p.load
	l.deadline += time.Duration(n/uploadRate) * time.Second
	return l
}
