package syncer

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"roost/vault/catalog"
	"roost/vault/node"
)

// traffic counts what goes to and comes from each storage in a month, and holds all of it to the limits that a person set.
type traffic struct {
	mu       sync.Mutex // guards below
	read     bool       // the catalog was asked for what earlier runs moved
	month    string     // that sent and received are about, "2026-03"
	sent     map[string]int64
	received map[string]int64
	meters   map[string]*node.Meter // by storage, counting since it was connected to
	counts   map[string]moved       // what of the meters is in sent and received already
}

type moved struct{ sent, received int64 }

// metaTraffic is the catalog's note of a month's traffic. Losing it costs the count of one month.
const metaTraffic = "traffic"

type trafficNote struct {
	Month    string           `json:"month"`
	Sent     map[string]int64 `json:"sent"`     // bytes by storage
	Received map[string]int64 `json:"received"` // likewise
}

func monthOf(t time.Time) string { return t.Format("2006-01") }

// meter is the one that a storage's connection has.
func (e *Engine) meter(storage string) *node.Meter {
	e.traffic.mu.Lock()
	m := e.traffic.meters[storage]
	if m == nil {
		m = &node.Meter{}
		if e.traffic.meters == nil {
			e.traffic.meters, e.traffic.counts = map[string]*node.Meter{}, map[string]moved{}
		}
		e.traffic.meters[storage] = m
	}
	e.traffic.mu.Unlock()
	e.applyLimits(time.Now())
	return m
}

// movedThisMonth is how many bytes went to and came from a storage since the first of the month.
func (e *Engine) movedThisMonth(storage string, now time.Time) moved {
	e.traffic.mu.Lock()
	defer e.traffic.mu.Unlock()
	e.countTraffic(now)
	return moved{e.traffic.sent[storage], e.traffic.received[storage]}
}

func (e *Engine) sentThisMonth(storage string, now time.Time) int64 {
	return e.movedThisMonth(storage, now).sent
}

// countTraffic brings sent up to date; called with the lock.
func (e *Engine) countTraffic(now time.Time) {
	t := &e.traffic
	if !t.read {
		t.read, t.sent, t.received = true, map[string]int64{}, map[string]int64{}
		n, err := noted[trafficNote](context.Background(), e.cat, metaTraffic)
		if err != nil {
			e.log.Warn("this month's traffic cannot be read", "reason", err)
		} else if n.Sent != nil {
			t.month, t.sent = n.Month, n.Sent
			if n.Received != nil {
				t.received = n.Received
			}
		}
	}
	if month := monthOf(now); t.month != month {
		t.month, t.sent, t.received = month, map[string]int64{}, map[string]int64{}
	}
	for name, m := range t.meters {
		total := moved{m.Sent(), m.Received()}
		t.sent[name] += total.sent - t.counts[name].sent
		t.received[name] += total.received - t.counts[name].received
		t.counts[name] = total
	}
}

// noteTraffic writes the month's traffic down.
func (e *Engine) noteTraffic(ctx context.Context) error {
	e.traffic.mu.Lock()
	e.countTraffic(time.Now())
	b, err := json.Marshal(trafficNote{e.traffic.month, e.traffic.sent, e.traffic.received})
	e.traffic.mu.Unlock()
	if err != nil {
		return fmt.Errorf("write down the traffic: %w", err)
	}
	old, _, err := e.cat.Meta(ctx, metaTraffic)
	if err != nil || string(old) == string(b) {
		return err
	}
	return e.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.SetMeta(metaTraffic, b) })
}

// From this share of the month's data on, folders that may wait do, and the others are slowed down.
const budgetShort = 0.8

// slowestBudget is how slow a month's data that gets short may make things, in bytes a second.
const slowestBudget = 64_000

// applyLimits sets the meters as the settings and the month's data have it.
func (e *Engine) applyLimits(now time.Time) {
	c := e.home.config()
	up, down, budget := c.bytes("limit-up"), c.bytes("limit-down"), c.bytes("data-budget")
	e.traffic.mu.Lock()
	defer e.traffic.mu.Unlock()
	if len(e.traffic.meters) == 0 {
		return
	}
	e.countTraffic(now)
	for name, m := range e.traffic.meters {
		m.SetLimits(budgetLimit(up, budget, e.traffic.sent[name], now), down)
	}
}

// budgetLimit is the limit up, in bytes a second, for a storage that was sent that much of a month's budget: when it gets
// short, what is left is spread over what is left of the month.
func budgetLimit(up, budget, sent int64, now time.Time) int64 {
	if budget == 0 || float64(sent) < budgetShort*float64(budget) {
		return up
	}
	left := int64(float64(max(budget-sent, 0)) / max(nextMonth(now).Sub(now).Seconds(), 1))
	left = max(left, slowestBudget)
	if up > 0 {
		return min(up, left)
	}
	return left
}

func nextMonth(now time.Time) time.Time {
	return time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, now.Location())
}

// budgetHold says that a folder waits because a month's data is used up, or is short and the folder may wait.
func (e *Engine) budgetHold(c config, low bool, now time.Time) *Problem {
	budget := c.bytes("data-budget")
	if budget == 0 {
		return nil
	}
	for _, n := range c.Nodes {
		if n.Dir != "" {
			continue // on this computer: nothing goes over a network
		}
		sent := e.sentThisMonth(n.Name, now)
		p := Problem{
			Code: holdBudget, Severity: warning, Action: "Raise the limit, or back up now", Until: nextMonth(now), Delay: time.Hour,
			Text: "New changes wait until " + nextMonth(now).Format("2 January") + "; saved files are safe.",
		}
		switch {
		case sent >= budget:
			p.Title = "This month's data is used up"
			return &p
		case low && float64(sent) >= budgetShort*float64(budget):
			p.Title, p.Severity = "This month's data is running short", info
			p.Text = "This folder may wait, and does. The others are saved."
			return &p
		}
	}
	return nil
}
