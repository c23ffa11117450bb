package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"roost/syncer"
)

func statusCommand() *command {
	return &command{
		name: "status", run: status,
		about: "are my files safe? What was saved, what was not?", beside: []string{"activity"},
		help: `Says whether the folders are safe, what waits, and what needs you.

With --json: state (safe, saving, waiting, paused, needs_you, unprotected), watching, device, saved, paused_until,
queue, progress {phase, folder, current, files, bytes, total_files, total_bytes, started}, folders[] {path, state,
snapshot, time, files, bytes, skipped, mode, priority, watched, waiting, changed, next_try, paused_until, progress, held
{snapshot, time, empty, files, gone, changed}}, copies {wanted, confirmed}, storages[] {name, url, state (safe, copying,
waiting, needs_you), confirmed, asked, latency_ms, used, limit, sent, copying, cluster}, proof {checked, found, read_all,
drills[]}, restore {id, title, state, part, parts, progress, restored, failed, canceled}, bring {id, state, part, parts,
progress, done[] {kind, name, files, bytes, new_bytes, versions, failed, problem}, problem, canceled} and problems[]
{code, severity, title, text, action, storage, path, since, until}. What is not known or not so is null.`,
	}
}

type statusAnswer struct {
	State       string          `json:"state"`
	Folders     []folderStatus  `json:"folders"`
	Problems    []problemJSON   `json:"problems"`
	Queue       int64           `json:"queue"` // files known to wait
	Storages    []storageStatus `json:"storages"`
	Copies      copiesJSON      `json:"copies"`
	Device      string          `json:"device"`
	Watching    bool            `json:"watching"`     // a Roost runs and watches
	Progress    *progressJSON   `json:"progress"`     // of what is being saved; null: nothing is
	PausedUntil stamp           `json:"paused_until"` // of everything
	Saved       stamp           `json:"saved"`        // when the newest complete version was made
	Proof       proofJSON       `json:"proof"`        // how far the storages were looked at
	Restore     *restoreRunJSON `json:"restore"`      // that goes on by itself, or its report; null: there is none
	Bring       *bringRunJSON   `json:"bring"`        // likewise, what is brought in
	status      syncer.Status
}

type restoreRunJSON struct {
	ID       string        `json:"id"`
	Title    string        `json:"title"`
	State    string        `json:"state"`
	Part     int           `json:"part"` // that is under way, from 0
	Parts    int           `json:"parts"`
	Progress *progressJSON `json:"progress"` // of that part
	Restored int64         `json:"restored"` // files of the parts that are through
	Failed   int64         `json:"failed"`
	Canceled bool          `json:"canceled"`
}

func newRestoreRun(r *syncer.RestoreRun) *restoreRunJSON {
	if r == nil {
		return nil
	}
	return &restoreRunJSON{r.ID, r.Title, r.State, r.Part, r.Parts, newProgress(&r.Progress), r.Total.Files, r.Failed, r.Canceled}
}

type folderStatus struct {
	jsonPath
	State    string `json:"state"`
	Snapshot string `json:"snapshot"` // newest complete version; "" before the first
	Time     stamp  `json:"time"`     // of that version
	Files    int64  `json:"files"`
	Bytes    int64  `json:"bytes"`
	Skipped  int64  `json:"skipped"`

	Mode        string        `json:"mode"`     // auto, manual
	Priority    string        `json:"priority"` // normal, low
	Watched     bool          `json:"watched"`  // changes are noticed as they come
	Waiting     int64         `json:"waiting"`  // files known to have changed since
	Changed     stamp         `json:"changed"`  // the first change that is not saved yet
	NextTry     stamp         `json:"next_try"` // of one that failed
	PausedUntil stamp         `json:"paused_until"`
	Progress    *progressJSON `json:"progress"`
	Held        *heldJSON     `json:"held"` // a sudden change that a person should look at
}

type storageStatus struct {
	Name      string  `json:"name"`
	URL       string  `json:"url"`
	State     string  `json:"state"`
	Confirmed stamp   `json:"confirmed"` // when it last confirmed to hold this computer's newest state
	Asked     stamp   `json:"asked"`     // when it last answered
	Latency   float64 `json:"latency_ms"`
	Used      int64   `json:"used"`
	Limit     int64   `json:"limit"` // that it may hold: quota, else what it names itself; 0: not known
	Sent      int64   `json:"sent"`  // this month
	Quota     int64   `json:"quota"` // as set with node limit; 0: none
	Disk      int64   `json:"disk"`  // that it could hold by the free room on its disk; 0: not known

	Copying *progressJSON `json:"copying"` // of the newest state on its way there; null: it is not

	Cluster *clusterJSON `json:"cluster,omitempty"` // of several storages that act as one
}

// copiesJSON is how many storages confirmed the newest state, and how many have to for files to be safe.
type copiesJSON struct {
	Wanted    int `json:"wanted"`
	Confirmed int `json:"confirmed"`
}

type proofJSON struct {
	Checked stamp       `json:"checked"` // when the structure was last checked
	Found   int         `json:"found"`   // problems that it found
	ReadAll stamp       `json:"read_all"`
	Drills  []drillJSON `json:"drills"` // the last restore drill on each storage
}

type progressJSON struct {
	Phase string `json:"phase"`
	jsonFolder
	Current    string `json:"current"`
	Files      int64  `json:"files"`
	Bytes      int64  `json:"bytes"`
	TotalFiles int64  `json:"total_files"` // 0: not known yet
	TotalBytes int64  `json:"total_bytes"`
	Started    stamp  `json:"started"`
}

type heldJSON struct {
	Snapshot string `json:"snapshot"` // the last version before it, which is kept
	Time     stamp  `json:"time"`
	Empty    bool   `json:"empty"` // nothing was left
	Files    int64  `json:"files"` // in that version
	Gone     int64  `json:"gone"`
	Changed  int64  `json:"changed"`
}

func newProgress(p *syncer.Progress) *progressJSON {
	if p == nil {
		return nil
	}
	return &progressJSON{
		p.Phase, newFolder(p.Folder), utf8Path(p.Current), p.Files, p.Bytes, p.TotalFiles, p.TotalBytes, stamp(p.Started),
	}
}

func newHeld(h *syncer.Held) *heldJSON {
	if h == nil {
		return nil
	}
	return &heldJSON{h.Snapshot, stamp(h.Time), h.Empty, h.Files, h.Gone, h.Changed}
}

// heldWords is a sudden change, and the one next step.
func heldWords(h heldJSON) string {
	what := fmt.Sprintf("Suddenly %s were gone and %s were different, of %s.", count(h.Gone), count(h.Changed), count(h.Files))
	if h.Empty {
		what = fmt.Sprintf("Suddenly nothing was left of %s.", files(h.Files))
	}
	return what + fmt.Sprintf(" The version before, %.8s, is kept. If it was meant: roost folder accept DIR", h.Snapshot)
}

type problemJSON struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Action   string `json:"action"`
	Storage  string `json:"storage,omitempty"`
	Path     string `json:"path,omitempty"`
	Exact    []byte `json:"path_b64,omitempty"`
	Since    stamp  `json:"since,omitzero"` // when it began, where that is known
	Until    stamp  `json:"until,omitzero"` // when it ends by itself, where that is known
}

func newProblemJSON(p syncer.Problem) problemJSON {
	return problemJSON{
		p.Code, p.Severity, p.Title, p.InFull(), p.OnTerminal(), p.Storage, utf8Path(p.Path), exactPath(p.Path), stamp(p.Since), stamp(p.Until),
	}
}

func status(ctx context.Context, c *call) (a answer, err error) {
	err = c.look(ctx, func(e engine) error {
		s, err := e.Status(ctx)
		if err != nil {
			return err
		}
		a = newStatusAnswer(s)
		return nil
	})
	return a, err
}

func newStatusAnswer(s syncer.Status) statusAnswer {
	a := statusAnswer{
		State: s.State, Folders: []folderStatus{}, Problems: []problemJSON{}, Queue: s.Queue, Storages: []storageStatus{},
		Copies: copiesJSON(s.Copies), Device: s.Device,
		Watching: s.Watching, Progress: newProgress(s.Progress), PausedUntil: stamp(s.PausedUntil),
		Saved: stamp(s.Saved), status: s,
		Proof:   proofJSON{stamp(s.Proof.Checked), s.Proof.Found, stamp(s.Proof.ReadAll), newDrills(s.Proof.Drills)},
		Restore: newRestoreRun(s.Restore), Bring: newBringRun(s.Bring),
	}
	for _, f := range s.Folders {
		a.Folders = append(a.Folders, newFolderStatus(f))
	}
	for _, n := range s.Storages {
		latency := math.Round(n.Latency.Seconds()*1e6) / 1e3
		a.Storages = append(a.Storages, storageStatus{
			n.Name, n.URL, n.State, stamp(n.Confirmed), stamp(n.Asked), latency, n.Used, n.Limit, n.Sent, n.Quota, n.Disk, newProgress(n.Copying), newCluster(n.Cluster),
		})
	}
	for _, p := range s.Problems {
		a.Problems = append(a.Problems, newProblemJSON(p))
	}
	return a
}

func newFolderStatus(f syncer.FolderStatus) folderStatus {
	priority := "normal"
	if f.Low {
		priority = "low"
	}
	return folderStatus{
		jsonPath: newPath(f.Path), State: f.State, Snapshot: f.Snapshot, Time: stamp(f.Time), Files: f.Files, Bytes: f.Bytes,
		Skipped: f.Skipped, Mode: f.Mode, Priority: priority, Watched: f.Watched, Waiting: f.Waiting, Changed: stamp(f.Changed),
		NextTry: stamp(f.NextTry), PausedUntil: stamp(f.PausedUntil), Progress: newProgress(f.Progress), Held: newHeld(f.Held),
	}
}

func (a statusAnswer) people(w io.Writer) {
	fmt.Fprintln(w, stateTitle(a.status))
	if p := a.status.Progress; p != nil {
		fmt.Fprintf(w, "  %s\n", progressLine(*p, time.Now(), 0, 78))
	}
	for _, f := range a.status.Folders {
		fmt.Fprintf(w, "  %s\n    %s\n", shown(f.Path), folderWords(f))
	}
	if c := a.status.Copies; c.Wanted > 1 {
		fmt.Fprintf(w, "  %s\n", copiesWords(c))
	}
	for _, d := range a.status.Proof.Drills {
		if d.Files > 0 {
			fmt.Fprintf(w, "  Test restore from %s, %s: %s.\n", shown(d.Storage), when(d.Time), d.Words())
		}
	}
	for _, p := range a.status.Problems {
		if len(a.status.Storages) == 1 {
			p.Storage = "" // there is no other that it could be about
		}
		fmt.Fprintf(w, "\n%s\n", problemWords(p))
	}
}

// copiesWords say how many of the copies that are wanted there are.
func copiesWords(c syncer.Copies) string {
	return fmt.Sprintf("%d of %s confirmed.", min(c.Confirmed, c.Wanted), many(int64(c.Wanted), "copy", "copies"))
}

// stateTitle is the state of everything as one sentence; the window's headline is the same.
func stateTitle(s syncer.Status) string {
	switch s.State {
	case "safe":
		return "Safe: your storage holds the newest version of every folder."
	case "saving":
		return "Saving: changes are on their way to your storage."
	case "waiting":
		if cannotReach(s) {
			return "Waiting: your storage cannot be reached. What was saved before is safe."
		}
		return "Waiting: not everything is saved and confirmed yet. What was saved before is safe."
	case "paused":
		if !s.PausedUntil.IsZero() {
			return "Paused " + untilWords(s.PausedUntil) + ". Changes are not being saved."
		}
		return "Paused: changes are not being saved."
	case "needs_you":
		return "Roost needs you."
	}
	if len(s.Folders) == 0 {
		return "Not protected: no folder is kept yet."
	}
	return "Not protected: not everything has been saved."
}

// cannotReach tells waiting for a storage from waiting for a moment of quiet.
func cannotReach(s syncer.Status) bool {
	return slices.ContainsFunc(s.Problems, func(p syncer.Problem) bool { return p.Exit == syncer.ExitStorage && p.Retry })
}

// stateWords is the state of one folder.
func stateWords(state string) string {
	switch state {
	case "safe", "saving", "copying", "waiting", "paused":
		return state
	case "needs_you":
		return "needs you"
	}
	return "not saved yet"
}

func folderWords(f syncer.FolderStatus) string {
	var b strings.Builder
	b.WriteString(stateWords(f.State))
	if f.Snapshot != "" {
		fmt.Fprintf(&b, "; saved %s: %s, %s", when(f.Time.Round(time.Second)), files(f.Files), size(f.Bytes))
	}
	if f.Skipped > 0 {
		fmt.Fprintf(&b, "; %s left out", many(f.Skipped, "entry", "entries"))
	}
	if f.Waiting > 0 {
		fmt.Fprintf(&b, "; %s waiting", files(f.Waiting))
	}
	if f.Mode == syncer.Manual {
		b.WriteString("; saved when you say so")
	}
	if !f.PausedUntil.IsZero() {
		b.WriteString("; paused " + untilWords(f.PausedUntil))
	}
	return b.String()
}

// problemWords is what happened, whether files are safe, and one next step.
func problemWords(p syncer.Problem) string {
	text := message(p)
	switch {
	case p.Path != "":
		text = shown(p.Path) + ": " + text
	case p.Storage != "":
		text = shown(p.Storage) + ": " + text
	}
	if action := p.OnTerminal(); action != "" {
		text += " " + action
	}
	return text
}
