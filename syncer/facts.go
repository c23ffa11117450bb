package syncer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
)

// The states of everything, and of one folder.
const (
	StateSafe        = "safe"        // the storage confirmed that it holds what is here
	StateSaving      = "saving"      // changes are on their way
	StateWaiting     = "waiting"     // something is not saved, confirmed or looked at yet, and Roost will do it by itself
	StatePaused      = "paused"      // a person wants it to wait
	StateNeedsYou    = "needs_you"   // only a person can help
	StateUnprotected = "unprotected" // there is no complete version, or it is long out of date
)

// longUnsaved is how long changes wait, or storages stay silent, until files count as unprotected.
const longUnsaved = 3 * 24 * time.Hour

// facts are everything that a Status is computed from. Whoever learns one writes it down; nobody assigns a state.
type facts struct {
	now      time.Time
	device   string
	watching bool          // an engine runs
	within   time.Duration // how old a storage's last word may be
	budget   int64         // most bytes that are sent to a storage in a month; 0: no limit
	copies   string        // how many storages have to confirm, as the setting has it
	newest   time.Time     // when this engine made the newest state; zero: not since it started
	paused   time.Time     // zero: not paused
	folders  []folderFacts
	storages []storageFacts // the first one first
	others   []Problem      // of the backup as a whole
	proof    Proof

	beginning Beginning
	look      Look
	replaces  *Replacing // without its folders
	restore   *RestoreRun
	bring     *BringRun
}

// folderFacts are what is known of one folder.
type folderFacts struct {
	id     format.FolderID
	path   string
	mode   string
	low    bool
	there  bool
	saved  *Version // newest complete one; nil: none
	left   int64    // entries that are not in it
	failed int64    // those of them that should be

	watched  bool
	blind    error     // why it is not watched, or not everything was noticed; nil: neither
	scanned  bool      // looked through since the engine started, or by whoever asks
	changed  time.Time // first change that is not saved; zero: none
	waiting  int64     // files known to have changed
	progress *Progress // of its pass under way
	busy     bool      // that pass has found something to save
	err      error     // why its last pass failed
	retry    time.Time
	paused   time.Time
	hold     *Problem // why automatic work waits, if it does
	held     *Held
}

// storageFacts are what is known of one storage.
type storageFacts struct {
	name, url string
	dir       string    // where Roost runs it; "": it runs by itself
	peer      string    // its id, when it last answered
	version   string    // of Kubo, then
	checked   time.Time // somebody tried to ask it
	asked     time.Time // it last answered
	confirmed time.Time // it last said that it keeps this computer's newest state
	err       error     // why it did not, the last time; nil: it did, or there is no state yet
	since     time.Time // first time in a row that it did not
	latency   time.Duration
	used      int64
	limit     int64 // as the storage names it; 0: not known
	quota     int64 // as the person wants it; 0: no limit
	disk      int64 // what it holds and what is free on its disk; 0: not known
	sent      int64
	copying   *Progress // of the copy on its way there; nil: none is

	cluster *ClusterStatus // of several storages that act as one; nil: it is one
}

// statusOf is the whole truth of the facts.
func statusOf(f facts) Status {
	s := Status{Device: f.device, Watching: f.watching, PausedUntil: f.paused, Proof: f.proof, Look: f.look, Restore: f.restore, Bring: f.bring}
	if due := f.beginning.WordsDue(); !due.IsZero() {
		s.WordsDue = !due.After(f.now)
	}
	s.Copies.Wanted = wantedCopies(f.copies, len(f.storages))
	for _, x := range f.storages {
		st := x.status(f)
		if st.State == StateSafe {
			s.Copies.Confirmed++
		}
		s.Storages = append(s.Storages, st)
	}
	if len(f.storages) > 0 {
		s.Node = f.storages[0].name
	}
	s.Problems = problemsOf(f)
	for _, x := range f.folders {
		fs := x.status(f, s.Copies.Enough())
		s.Queue += fs.Waiting
		if fs.Time.After(s.Saved) {
			s.Saved = fs.Time
		}
		if fs.Progress != nil {
			s.Progress = fs.Progress
		}
		s.Folders = append(s.Folders, fs)
	}
	s.Replaces = f.replaces.with(s.Folders)
	s.State = stateOf(s)
	return s
}

// stateOf names the state of everything, by the folders and what is wrong. It is safe only when every folder is.
func stateOf(s Status) string {
	any := func(state string) bool {
		return slices.ContainsFunc(s.Folders, func(f FolderStatus) bool { return f.State == state })
	}
	switch {
	case any(StateNeedsYou), slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Severity == needsYou }):
		return StateNeedsYou
	case len(s.Folders) == 0:
		return StateUnprotected
	case any(StateSaving):
		return StateSaving
	case any(StateUnprotected):
		return StateUnprotected
	case any(StatePaused):
		return StatePaused
	case any(StateWaiting):
		return StateWaiting
	}
	return StateSafe
}

// state names the state of one folder; kept says that as many storages as wanted confirmed the newest state lately.
func (x *folderFacts) state(f facts, kept bool) string {
	silent := f.silence()
	switch {
	case !x.there, x.held != nil, x.err != nil && Describe(x.err).Severity == needsYou:
		return StateNeedsYou
	case x.busy:
		return StateSaving
	case x.saved == nil, !x.changed.IsZero() && f.now.Sub(x.changed) > longUnsaved, silent > longUnsaved:
		return StateUnprotected
	case f.paused.After(f.now), x.paused.After(f.now):
		return StatePaused
	case !kept, x.err != nil, !x.changed.IsZero(), x.waiting > 0, !x.scanned, f.watching && !x.watched && x.mode == Automatic:
		return StateWaiting
	}
	return StateSafe
}

func (x *folderFacts) status(f facts, kept bool) FolderStatus {
	s := FolderStatus{
		Path: x.path, State: x.state(f, kept), Skipped: x.left, Mode: x.mode, Low: x.low, Watched: x.watched, Waiting: x.waiting,
		Changed: x.changed, Progress: x.progress, PausedUntil: x.paused, Held: x.held,
	}
	if !x.retry.IsZero() && x.err != nil {
		s.NextTry = x.retry
	}
	if v := x.saved; v != nil {
		s.Snapshot, s.Time, s.Files, s.Bytes = v.ID.String(), v.Time(), int64(v.Files), int64(v.Bytes)
	}
	return s
}

func (x *storageFacts) status(f facts) StorageStatus {
	s := StorageStatus{
		Name: x.name, URL: x.url, State: StateSafe, Confirmed: x.confirmed, Asked: x.asked, Latency: x.latency,
		Used: x.used, Limit: x.most(), Quota: x.quota, Disk: x.disk, Sent: x.sent, Dir: x.dir, PeerID: x.peer, Version: x.version, Behind: errors.Is(x.err, errBehind), Copying: x.copying, Cluster: x.cluster,
	}
	if x.dir == "" { // on this computer nothing goes over a network
		s.Budget = f.budget
	}
	switch {
	case x.copying != nil:
		s.State = StateCopying
	case x.err != nil:
		s.State = stateOfError(x.err)
	case x.confirmed.IsZero(), x.older(f), f.now.Sub(x.confirmed).Abs() > f.within: // in the future: the clock was set back
		s.State = StateWaiting
	}
	return s
}

func stateOfError(err error) string {
	if storageProblem(err).Severity == needsYou {
		return StateNeedsYou
	}
	return StateWaiting
}

// problemsOf lists what is wrong now, each thing once, what needs a person first.
func problemsOf(f facts) []Problem {
	var out []Problem
	add := func(p Problem) {
		if !slices.ContainsFunc(out, func(q Problem) bool {
			return q.Code == p.Code && q.Path == p.Path && q.Text == p.Text && q.Storage == p.Storage
		}) {
			out = append(out, p)
		}
	}
	for _, x := range f.storages {
		if x.err != nil {
			p := storageProblem(x.err)
			p.Since, p.Storage = x.since, x.name
			add(p)
		}
		if p := x.roomProblem(); p != nil {
			p.Storage = x.name
			add(*p)
		}
	}
	for i := range f.folders {
		for _, p := range f.folders[i].problems(f) {
			add(p)
		}
	}
	for _, p := range slices.Concat(f.copiesProblems(), f.others, f.proof.problems()) {
		add(p)
	}
	hidden := map[string]bool{}
	for _, p := range out {
		for _, code := range p.Hides {
			hidden[code] = true
		}
	}
	out = slices.DeleteFunc(out, func(p Problem) bool { return hidden[p.Code] })
	slices.SortStableFunc(out, func(a, b Problem) int { return cmp.Compare(rank(a), rank(b)) })
	return out
}

func rank(p Problem) int { return slices.Index([]string{needsYou, warning, info}, p.Severity) }

// storageProblem says what a storage that does not hold the newest state means.
func storageProblem(err error) Problem {
	switch {
	case !errors.Is(err, errBehind):
	case errors.Is(err, vault.ErrCloned):
		p := disagreeProblem
		p.Detail = upper(detail(err, errBehind)) + "."
		return p
	case errors.Is(err, vault.ErrRolledBack):
		return setBackProblem
	default:
		return behindProblem
	}
	return Describe(err)
}

// problems of one folder.
func (x *folderFacts) problems(f facts) (out []Problem) {
	switch {
	case !x.there:
		out = append(out, folderMissing)
	case x.held != nil && x.held.Empty:
		out = append(out, folderEmpty)
	case x.held != nil:
		p := suddenChange
		p.Text = fmt.Sprintf("%s of its %s are gone, and %s are different. The last version before that is kept.",
			thousands(x.held.Gone), many(x.held.Files, "file", "files"), thousands(x.held.Changed))
		p.Since = x.held.Time
		out = append(out, p)
	}
	if x.err != nil {
		known := slices.ContainsFunc(f.storages, func(s storageFacts) bool {
			p := s.roomProblem()
			return s.err != nil && Describe(s.err).Code == Describe(x.err).Code || p != nil && p.Code == Describe(x.err).Code
		})
		if p := Describe(x.err); !known {
			out = append(out, p)
		}
	}
	if x.blind != nil && x.mode == Automatic {
		out = append(out, Describe(x.blind))
	}
	if x.hold != nil && !x.changed.IsZero() {
		out = append(out, *x.hold)
	}
	if x.failed > 0 {
		p := someFiles
		p.Title = strings.Replace(p.Title, "Some files", upper(many(x.failed, "file", "files")), 1)
		out = append(out, p)
	}
	for i := range out {
		if out[i].Code != "unreachable" && out[i].Path == "" {
			out[i].Path = x.path
		}
	}
	return out
}

var (
	folderMissing = Problem{
		Code: "folder_missing", Severity: needsYou, Exit: ExitSome, Title: "A folder is not there",
		Text: "The folder can't be found. Its last version is safe.", Action: "Connect its disk, or stop keeping it", Delay: 10 * time.Minute,
	}
	folderEmpty = Problem{
		Code: "folder_empty", Severity: needsYou, Title: "A folder is empty all of a sudden",
		Text: "Its last version is kept, and nothing was saved in its place.", Action: "Connect its disk, bring the files back, or say that it is meant to be empty",
	}
	suddenChange = Problem{
		Code: "sudden_change", Severity: needsYou, Title: "Most of a folder changed at once",
		Action: "Say that it was you, or bring the files back",
	}
	someFiles = Problem{
		Code: "some_files", Severity: warning, Title: "Some files could not be saved",
		Text: "Everything else is safe. They are tried again.", Action: "See which, and why",
	}
	behindProblem = Problem{
		Code: "copy_behind", Severity: warning, Exit: ExitStorage, Retry: true, Title: "A storage does not hold your newest versions yet",
		Text: "The others hold them.", Action: "Back up once more",
	}
)

// What a further storage serves that is not only earlier than the newest state.
var (
	setBackProblem = Problem{
		Code: "copy_set_back", Severity: warning, Exit: ExitStorage, Retry: true, Title: "Two storages do not agree which versions are the newest",
		Text: "One of them was set back to an older state, as by an old copy of its disk. It gets what it lacks from the other one.", Action: "Back up once more",
	}
	disagreeProblem = Problem{
		Code: "storages_disagree", Severity: needsYou, Exit: ExitStorage, Title: "A storage holds versions that this computer did not make",
		Text: "A copy of this computer's Roost may save there. Nothing was removed from either.", Action: "Set one of the two up again with your words",
	}
)

// errBehind: a further storage holds an earlier state than the first one.
var errBehind = fmt.Errorf("a storage is behind: %w", node.ErrNotPinned)

// lostParts says that the storage lost something; none is nil.
func lostParts(n int) []Problem {
	if n == 0 {
		return nil
	}
	return []Problem{Describe(fmt.Errorf("%w: %d parts", vault.ErrMissing, n))}
}

// many is "1 file" or "1,204 files".
func many(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(n) + " " + more
}

func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
