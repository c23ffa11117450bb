package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/node"
)

// The kinds of activities.
const (
	ActivityBackup   = "backup"
	ActivityRestore  = "restore"
	ActivityVerify   = "verify"   // what was looked at is whole
	ActivityPrune    = "prune"    // versions were removed
	ActivityProblem  = "problem"  // Text says which
	ActivityFindable = "findable" // the words alone lead to the storage
	ActivityOpened   = "opened"   // files were written to a storage as they are
)

// mostNamed is how many files an activity names.
const mostNamed = 1000

// Activity lists what happened, newest first: at most limit things, all that are kept when it is 0.
func (e *Engine) Activity(ctx context.Context, limit int) ([]Activity, error) {
	rows, err := e.cat.Activities(ctx, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Activity, 0, len(rows))
	for _, r := range rows {
		a := Activity{Time: r.Time, Kind: r.Kind, Folder: r.Folder, Text: r.Text, Files: r.Files, Bytes: r.Bytes}
		var d activityDetail
		if len(r.Detail) > 0 && json.Unmarshal(r.Detail, &d) == nil { // the catalog is a cache: what it garbled is left out
			a.Skipped, a.Storage = d.Skipped, d.Storage
		}
		out = append(out, a)
	}
	return out, nil
}

// activityDetail is what the catalog has no column for.
type activityDetail struct {
	Storage string    `json:"storage,omitempty"`
	Skipped []Skipped `json:"skipped,omitempty"`
}

// UnmarshalJSON reads what an earlier Roost wrote too: the list of what was skipped alone.
func (d *activityDetail) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, &d.Skipped)
	}
	type plain activityDetail
	return json.Unmarshal(b, (*plain)(d))
}

// noteSaved writes down what a pass did. One that found nothing new and left nothing out is not worth a line.
func (e *Engine) noteSaved(ctx context.Context, s *Saved) error {
	failed := int64(0)
	for _, k := range s.Skipped {
		if k.Failed {
			failed++
		}
	}
	a := Activity{Kind: ActivityBackup, Folder: s.Folder, Files: s.Files, Bytes: s.NewBytes, Skipped: s.Skipped}
	switch {
	case s.Missing:
		a.Text = "The folder was not there; its last version stands."
	case s.Held != nil && s.Held.Empty:
		a.Text = "The folder was empty all of a sudden; its last version stands."
	case s.Unchanged && failed == 0:
		return nil
	case failed > 0:
		a.Text = fmt.Sprintf("Saved, but %s could not be.", many(failed, "file", "files"))
	default:
		a.Text = "Saved."
	}
	return e.note(ctx, a, s.Unchanged || s.Missing)
}

// noteOpened writes down that files of a folder were written to a storage as they are: whoever looks later must find that.
func (e *Engine) noteOpened(ctx context.Context, folder string, x *WrittenPlain) error {
	a := Activity{Kind: ActivityOpened, Folder: folder, Files: x.Files, Bytes: x.Bytes, Skipped: x.Skipped}
	a.Text = "Written to a storage in the open, readable by others."
	return e.note(ctx, a, false)
}

// noteRestored writes down what a restore did. It failed with that many files, not all of which r may name.
func (e *Engine) noteRestored(ctx context.Context, r *Restored, failed int64) error {
	a := Activity{Kind: ActivityRestore, Text: many(r.Files, "file", "files") + " restored.", Files: r.Files, Bytes: r.Bytes}
	if len(r.Targets) > 0 {
		a.Folder = r.Targets[0]
	}
	if failed > 0 {
		a.Text = fmt.Sprintf("%s restored, %s could not be.", many(r.Files, "file", "files"), thousands(failed))
	}
	for _, f := range r.Failed[:min(len(r.Failed), mostNamed)] {
		a.Skipped = append(a.Skipped, Skipped{Path: f.Path, Reason: f.Reason, Failed: true})
	}
	return e.note(ctx, a, false)
}

// noteVerified writes down what a verify found.
func (e *Engine) noteVerified(ctx context.Context, c *Checked) error {
	a := Activity{Kind: ActivityVerify, Text: "Everything that was looked at opens.", Files: c.Blocks, Bytes: c.Bytes}
	if !c.OK {
		a.Kind, a.Text = ActivityProblem, many(int64(len(c.Problems)), "problem was", "problems were")+" found."
	}
	if c.Mended > 0 {
		a.Text += " " + upper(many(int64(c.Mended), "lost or damaged part was", "lost or damaged parts were")) + " brought back from another storage."
	}
	for _, p := range c.Problems[:min(len(c.Problems), mostNamed)] {
		a.Skipped = append(a.Skipped, Skipped{Reason: p, Failed: true})
	}
	return e.note(ctx, a, false)
}

// notePruned writes down what was removed, by the rules or by a person.
func (e *Engine) notePruned(ctx context.Context, p *Pruned, byRules bool) error {
	a := Activity{Kind: ActivityPrune, Files: int64(len(p.Versions)), Bytes: p.Freed}
	switch {
	case p.Over > 0:
		a.Kind, a.Text = ActivityProblem, "Your backup takes more space than you allow it, although only the newest versions are left."
	case len(p.Versions) == 0 && p.Freed == 0:
		return nil
	case len(p.Versions) == 0:
		a.Text = "Space that nothing needs any more was freed."
	case byRules && p.FreedLater+p.Freed == 0:
		a.Text = "Older versions were removed, as your rules say. They can be brought back for 30 days."
	case byRules:
		a.Text = "Older versions were removed, as your rules say."
	default:
		a.Text = "Versions were removed for good."
	}
	return e.note(ctx, a, p.Over > 0)
}

// noteForgotten writes down that a person had something taken out of every version. What it was is not written down.
func (e *Engine) noteForgotten(ctx context.Context, folder string, versions int) error {
	return e.note(ctx, Activity{
		Kind: ActivityPrune, Folder: folder, Files: int64(versions), Text: "Something was forgotten in every version that had it.",
	}, false)
}

// beaconActivity is what came of leaving a beacon.
func beaconActivity(err error) Activity {
	a := Activity{Kind: ActivityProblem}
	switch {
	case err == nil:
		a.Kind, a.Text = ActivityFindable, "A note was left: your recovery words alone lead to your storage now."
	case errors.Is(err, vault.ErrNoWords):
		a.Text = "No note could be left for your recovery words: they are not kept on this computer. Backups go on."
	case errors.Is(err, errNowhere):
		a.Text = "No note was left for your recovery words: nobody else can reach your storage. Backups go on."
	case errors.Is(err, node.ErrUnauthorized):
		a.Text = "No note could be left for your recovery words: your storage's key does not allow it. Backups go on."
	case errors.Is(err, vault.ErrBeaconLost):
		a.Text = "No note could be left for your recovery words: your storage knows nobody who would keep it. Backups go on."
	default:
		a.Text = "No note could be left for your recovery words. Backups go on, and it is tried again."
	}
	return a
}

// note adds an activity. A routine one that says the same as the one before is left out.
func (e *Engine) note(ctx context.Context, a Activity, routine bool) error {
	detail, err := json.Marshal(activityDetail{e.home.config().Nodes[0].Name, a.Skipped[:min(len(a.Skipped), mostNamed)]})
	if err != nil {
		return fmt.Errorf("write down what happened: %w", err)
	}
	row := catalog.Activity{Time: time.Now(), Kind: a.Kind, Folder: a.Folder, Text: a.Text, Files: a.Files, Bytes: a.Bytes, Detail: detail}
	last, err := e.cat.Activities(ctx, 1)
	if err != nil {
		return err
	}
	if routine && len(last) == 1 && last[0].Kind == row.Kind && last[0].Folder == row.Folder && last[0].Text == row.Text &&
		string(last[0].Detail) == string(detail) {
		return nil
	}
	return e.cat.Update(ctx, func(tx *catalog.Tx) error { return tx.AddActivity(row) })
}
