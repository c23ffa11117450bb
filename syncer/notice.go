package syncer

import (
	"context"
	"iter"
	"time"
)

// Notice is something that a person should be told although nobody asked.
type Notice struct {
	Code   string // of its problem
	Title  string
	Text   string
	Action string

	Storage string // the one it is about, where there are several; "": there are not, or it is about none
}

// Notices yields what a person should be told, while Run runs or until ctx ends: once for each problem that needs somebody
// or has lasted for long, and again only after it was gone.
func (e *Engine) Notices(ctx context.Context) iter.Seq[Notice] {
	return func(yield func(Notice) bool) {
		var n notices
		for s := range e.Watch(ctx) {
			if e.home.config().value("notifications") == "off" {
				continue
			}
			for _, x := range n.due(s, time.Now()) {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// notices remembers which problems there are, since when, and of which a person was told.
type notices struct {
	seen map[problemKey]*noticed
}

type problemKey struct{ code, path, storage string }

type noticed struct {
	since time.Time
	told  bool
}

// due is what has to be told now.
func (n *notices) due(s Status, now time.Time) (out []Notice) {
	there := map[problemKey]bool{}
	for _, p := range s.Problems {
		key := problemKey{p.Code, p.Path, p.Storage}
		there[key] = true
		x := n.seen[key]
		if x == nil {
			x = &noticed{since: now}
			if !p.Since.IsZero() && p.Since.Before(now) {
				x.since = p.Since
			}
			if n.seen == nil {
				n.seen = map[problemKey]*noticed{}
			}
			n.seen[key] = x
		}
		// A warning takes care of itself, unless it goes on.
		if x.told || p.Severity == info || p.Severity == warning && p.Delay == 0 || now.Sub(x.since) < p.Delay {
			continue
		}
		x.told = true
		told := Notice{Code: p.Code, Title: p.Title, Text: p.Text, Action: p.Action}
		if len(s.Storages) > 1 {
			told.Storage = p.Storage
		}
		out = append(out, told)
	}
	key := problemKey{code: "unprotected"}
	if s.State == StateUnprotected && len(s.Folders) > 0 && !s.Saved.IsZero() {
		there[key] = true
		if n.seen[key] == nil {
			if n.seen == nil {
				n.seen = map[problemKey]*noticed{}
			}
			n.seen[key] = &noticed{since: now, told: true}
			days := int64(now.Sub(s.Saved).Hours() / 24)
			out = append(out, Notice{
				Code: "unprotected", Title: "Not protected for " + many(days, "day", "days"),
				Text: "New changes have not been saved since then. What was saved before is safe.", Action: "Open Roost",
			})
		}
	}
	for k := range n.seen {
		if !there[k] {
			delete(n.seen, k)
		}
	}
	return out
}
