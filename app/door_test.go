package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/syncer"
	"roost/vault/keystore"
	"roost/vault/node/nodetest"
)

// serving answers on the control socket of a home until the test ends, and returns the door to it.
func serving(t *testing.T, home string, e engine, show func()) *remote {
	t.Helper()
	l, err := listenSocket(home)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{engine: e, show: show, log: slog.New(slog.DiscardHandler)}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if _, err := os.Lstat(filepath.Join(socketDir(home), socketName)); !os.IsNotExist(err) {
			t.Errorf("the socket is left behind: %v", err)
		}
	})
	r, err := findRunning(t.Context(), home)
	if err != nil || r == nil {
		t.Fatalf("nobody answers: %v", err)
	}
	return r
}

// setUp makes a home on a real node, with a folder that is kept.
func setUp(t *testing.T) (opts syncer.Options, folder string) {
	t.Helper()
	kubo := nodetest.StartKubo(t)
	dir := t.TempDir()
	passphrase := filepath.Join(dir, "passphrase")
	write(t, passphrase, "a passphrase")
	folder = filepath.Join(dir, "docs")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "letter.txt"), "Dear Marta,")
	if runtime.GOOS == "linux" { // where a name may be any bytes
		write(t, filepath.Join(folder, "latin \xe9.txt"), "old")
	}
	opts.Home = filepath.Join(dir, "home")
	keys, err := keystore.FromEnv(opts.Home, func(name string) string {
		return map[string]string{"ROOST_KEYSTORE": "file", "ROOST_PASSPHRASE_FILE": passphrase}[name]
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	opts.Keys = keys
	if _, err := syncer.Setup(t.Context(), opts, syncer.SetupOptions{URL: kubo.URL, Token: kubo.Token}); err != nil {
		t.Fatal(err)
	}
	return opts, folder
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Whatever is asked, the engine of this process and that of another one give the same answer, byte for byte where a name
// is no text, and the same words and exit code for an error.
func TestBothDoorsSayTheSame(t *testing.T) {
	ctx := t.Context()
	opts, folder := setUp(t)
	e, err := syncer.Open(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	far := serving(t, opts.Home, local{e}, nil)

	if _, err := far.AddFolders(ctx, []string{folder}); err != nil {
		t.Fatal(err)
	}
	saved, err := far.Backup(ctx, []string{folder}, func(syncer.Progress) {})
	if err != nil || len(saved) != 1 || !saved[0].Complete || saved[0].Folder != folder {
		t.Fatalf("saved %+v: %v", saved, err)
	}
	if _, err := far.Backup(ctx, nil, nil); err != nil {
		t.Fatal(err)
	}

	type question struct {
		name string
		ask  func(engine) (any, error)
	}
	nowhere := filepath.Join(folder, "nowhere")
	for _, q := range []question{
		{"snapshots", func(e engine) (any, error) {
			v, stale, err := e.Snapshots(ctx, folder)
			return fmt.Sprint(v, stale), err
		}},
		{"no snapshots", func(e engine) (any, error) { v, _, err := e.Snapshots(ctx, nowhere); return len(v), err }},
		{"damage", func(e engine) (any, error) { return e.Damage(ctx) }},
		{"list", func(e engine) (any, error) {
			items, err := e.List(ctx, "latest", "")
			for i := range items {
				items[i].MTime = items[i].MTime.UTC()
			}
			return items, err
		}},
		{"list of no version", func(e engine) (any, error) { return e.List(ctx, "ffff", "") }},
		{"list of a path that is not there", func(e engine) (any, error) { return e.List(ctx, "latest", "nowhere\xff") }},
		{"find", func(e engine) (any, error) {
			m, err := e.Find(ctx, "l*")
			for i := range m {
				m[i].Time = m[i].Time.UTC()
			}
			return m, err
		}},
		{"children", func(e engine) (any, error) {
			items, err := e.Children(ctx, "latest", "")
			for i := range items {
				items[i].MTime = items[i].MTime.UTC()
			}
			return items, err
		}},
		{"children of a file", func(e engine) (any, error) { return e.Children(ctx, "latest", "letter.txt") }},
		{"history", func(e engine) (any, error) {
			list, err := e.History(ctx, "latest", "letter.txt")
			for i := range list {
				x := &list[i]
				x.First, x.Last, x.Item.MTime = x.First.UTC(), x.Last.UTC(), x.Item.MTime.UTC()
			}
			return list, err
		}},
		{"history of what never was", func(e engine) (any, error) { return e.History(ctx, "latest", "nowhere\xff") }},
		{"compare", func(e engine) (any, error) { return e.Compare(ctx, "latest", "latest", "") }},
		{"compare with no version", func(e engine) (any, error) { return e.Compare(ctx, "latest", "ffff", "") }},
		{"preview", func(e engine) (any, error) { return e.Preview(ctx, "latest", "letter.txt", 4) }},
		{"preview of a folder", func(e engine) (any, error) { return e.Preview(ctx, "latest", "", 4) }},
		{"copy", func(e engine) (any, error) {
			to := filepath.Join(t.TempDir(), "letter.txt")
			if err := e.ReadOnlyCopy(ctx, "latest", "letter.txt", to); err != nil {
				return nil, err
			}
			return os.ReadFile(to)
		}},
		{"copy over what is there", func(e engine) (any, error) {
			return nil, e.ReadOnlyCopy(ctx, "latest", "letter.txt", filepath.Join(folder, "letter.txt"))
		}},
		{"details", func(e engine) (any, error) {
			d, err := e.Details(ctx, "latest", "letter.txt")
			d.Time = d.Time.UTC()
			return d, err
		}},
		{"space", func(e engine) (any, error) {
			s, err := e.Space(ctx)
			return steady(s), err
		}},
		{"keep", func(e engine) (any, error) { return e.Keep(ctx) }},
		{"keep by rules", func(e engine) (any, error) {
			return e.SetKeep(ctx, syncer.KeepChange{Rules: &syncer.KeepRules{Daily: 7}, Dir: folder})
		}},
		{"keep as of a folder that is not kept", func(e engine) (any, error) {
			return e.SetKeep(ctx, syncer.KeepChange{Rules: &syncer.KeepRules{Daily: 7}, Dir: filepath.Dir(folder)})
		}},
		{"prune, to look", func(e engine) (any, error) { return e.Prune(ctx, syncer.PruneOptions{Preview: true}, nil) }},
		{"forget, to look", func(e engine) (any, error) {
			f, err := e.Forget(ctx, syncer.ForgetOptions{Path: filepath.Join(folder, "letter.txt"), Preview: true}, nil)
			f.Until = time.Time{}
			return fmt.Sprintf("%+v", *f), err
		}},
		{"forget what never was", func(e engine) (any, error) { return e.Forget(ctx, syncer.ForgetOptions{Path: nowhere}, nil) }},
		{"removed", func(e engine) (any, error) { v, err := e.Removed(ctx); return len(v), err }},
		{"bring back what is not removed", func(e engine) (any, error) { return e.BringBack(ctx, []string{"ffffffff"}) }},
		{"survey", func(e engine) (any, error) { return nil, e.Survey(ctx, nil) }},
		{"space after it", func(e engine) (any, error) {
			s, err := e.Space(ctx)
			return steady(s), err
		}},
		{"pins", func(e engine) (any, error) { return e.Pins(ctx, "") }},
		{"pins of no storage", func(e engine) (any, error) { return e.Pins(ctx, "attic") }},
		{"pin nothing", func(e engine) (any, error) { return nil, e.Pin(ctx, "", "no CID", "a name") }},
		{"pin what is not there", func(e engine) (any, error) { return nil, e.Pin(ctx, "", absent, "") }},
		{"unpin what is not pinned", func(e engine) (any, error) { return nil, e.Unpin(ctx, "storage", absent) }},
		{"free space", func(e engine) (any, error) {
			f, err := e.FreeSpace(ctx, "", nil)
			f.Before, f.After = 0, 0
			return f, err
		}},
		{"free space nowhere", func(e engine) (any, error) { return e.FreeSpace(ctx, "attic", nil) }},
		{"the network of a storage that another runs", func(e engine) (any, error) { return e.Network(ctx, "storage") }},
		{"a network for it", func(e engine) (any, error) { return e.SetNetwork(ctx, syncer.NetworkChange{Make: true}) }},
		{"no network that makes sense", func(e engine) (any, error) { return e.SetNetwork(ctx, syncer.NetworkChange{}) }},
		{"the key of a network that is none", func(e engine) (any, error) {
			return e.SetNetwork(ctx, syncer.NetworkChange{Join: []byte("/key/swarm/psk/1.0.0/\n/base16/\n12")})
		}},
		{"limit", func(e engine) (any, error) { return nil, e.SetLimit(ctx, "storage", 1<<40) }},
		{"copies of one storage", func(e engine) (any, error) { return nil, e.SetCopies(ctx, "storage", 2) }},
		{"a limit of no storage", func(e engine) (any, error) { return nil, e.SetLimit(ctx, "attic", 5) }},
		{"status", func(e engine) (any, error) {
			s, err := e.Status(ctx)
			s.Folders[0].Time, s.Saved, s.Storages = s.Folders[0].Time.UTC(), s.Saved.UTC(), nil
			return s, err
		}},
		{"activity", func(e engine) (any, error) {
			a, err := e.Activity(ctx, 10)
			for i := range a {
				a[i].Time = a[i].Time.Round(0).UTC()
			}
			return a, err
		}},
		{"verify", func(e engine) (any, error) { return e.Verify(ctx, 100, nil) }},
		{"verify too much", func(e engine) (any, error) { return e.Verify(ctx, 101, nil) }},
		{"folders", func(e engine) (any, error) { return e.Folders(ctx) }},
		{"add a folder that is not there", func(e engine) (any, error) { return e.AddFolders(ctx, []string{nowhere}) }},
		{"remove one that is not kept", func(e engine) (any, error) { return nil, e.RemoveFolder(ctx, nowhere) }},
		{"mode", func(e engine) (any, error) { return nil, e.SetMode(ctx, folder, "manual") }},
		{"no mode", func(e engine) (any, error) { return nil, e.SetMode(ctx, folder, "sometimes") }},
		{"priority", func(e engine) (any, error) { return nil, e.SetPriority(ctx, folder, true) }},
		{"accept", func(e engine) (any, error) { return nil, e.Accept(ctx, folder) }},
		{"pause", func(e engine) (any, error) { return nil, e.Pause(ctx, folder, time.Now().Add(time.Hour)) }},
		{"pause until before", func(e engine) (any, error) { return nil, e.Pause(ctx, "", time.Unix(1, 0)) }},
		{"resume", func(e engine) (any, error) { return nil, e.Resume(ctx, "") }},
		{"settings", func(e engine) (any, error) { return e.Settings(ctx) }},
		{"set", func(e engine) (any, error) { return nil, e.Set(ctx, "settle", "7s") }},
		{"set what is not there", func(e engine) (any, error) { return nil, e.Set(ctx, "colour", "blue") }},
		{"set several", func(e engine) (any, error) {
			return nil, e.SetAll(ctx, map[string]string{"settle": "7s", "theme": "dark"})
		}},
		{"set several, one of which is not there", func(e engine) (any, error) {
			return nil, e.SetAll(ctx, map[string]string{"colour": "blue"})
		}},
		{"rules", func(e engine) (any, error) { return e.Rules(ctx, folder) }},
		{"rules of what is not kept", func(e engine) (any, error) { return e.Rules(ctx, nowhere) }},
		{"try rules", func(e engine) (any, error) { return e.TryRules(ctx, folder, "*.txt\n[") }},
		{"rules over others", func(e engine) (any, error) { return nil, e.SetRules(ctx, folder, "not these", "*.txt") }},
		{"recovery", func(e engine) (any, error) {
			r, err := e.Recovery(ctx)
			r.Checked, r.Due = r.Checked.Round(0).UTC(), r.Due.Round(0).UTC()
			return r, err
		}},
		{"nodes", func(e engine) (any, error) {
			all, err := e.Nodes(ctx)
			for i := range all { // each was asked anew
				all[i].Confirmed = time.Time{}
			}
			return all, err
		}},
		{"check no node", func(e engine) (any, error) { return e.CheckNode(ctx, "attic") }},
		{"add a node that is not there", func(e engine) (any, error) {
			return nil, e.AddNode(ctx, syncer.SetupOptions{NodeName: "attic", URL: "http://127.0.0.1:1"})
		}},
		{"drill", func(e engine) (any, error) {
			all, err := e.Drill(ctx, nil)
			for i := range all { // by chance
				all[i].Time, all[i].Bytes, all[i].Files, all[i].Back, all[i].Same = time.Time{}, 0, 0, 0, 0
			}
			return all, err
		}},
		{"devices", func(e engine) (any, error) { return e.Devices(ctx) }},
		{"let nobody in", func(e engine) (any, error) { return e.LetIn(ctx, "hello") }},
		{"rename nobody", func(e engine) (any, error) { return nil, e.RenameDevice(ctx, "nobody", "x", "") }},
		{"replace nobody", func(e engine) (any, error) { return nil, e.Replace(ctx, "nobody") }},
		{"remove nobody", func(e engine) (any, error) {
			return e.RemoveDevice(ctx, syncer.RemoveDeviceOptions{Device: "nobody"})
		}},
		{"what is not saved", func(e engine) (any, error) { return e.NotSaved(ctx) }},
		{"leave out", func(e engine) (any, error) { return nil, e.LeaveOut(ctx, folder, "two\nlines") }},
		{"another address", func(e engine) (any, error) {
			return nil, e.Readdress(ctx, "storage", syncer.SetupOptions{URL: "http://127.0.0.1:1", Token: "x"})
		}},
		{"fix no node", func(e engine) (any, error) { return nil, e.FixNode(ctx, "attic", "kept") }},
		{"remove the last node", func(e engine) (any, error) { return nil, e.RemoveNode(ctx, "storage", false) }},
		{"words", func(e engine) (any, error) { return e.Words(ctx) }},
		{"note the words", func(e engine) (any, error) { return nil, e.NoteWords(ctx, true) }},
		{"check no words", func(e engine) (any, error) { return nil, e.CheckWords(ctx, "one two three") }},
		{"restore", func(e engine) (any, error) {
			to := t.TempDir()
			got, err := e.Restore(ctx, syncer.RestoreOptions{Snapshot: "latest", To: to, OnConflict: syncer.KeepBoth}, nil)
			for i := range got.Targets {
				got.Targets[i] = strings.TrimPrefix(got.Targets[i], to)
			}
			return got, err
		}},
		{"restore no version", func(e engine) (any, error) {
			return e.Restore(ctx, syncer.RestoreOptions{Snapshot: "ffff", To: nowhere}, nil)
		}},
	} {
		t.Run(q.name, func(t *testing.T) {
			near, nerr := q.ask(local{e})
			got, ferr := q.ask(far)
			if want, got := fmt.Sprintf("%#v", deref(near)), fmt.Sprintf("%#v", deref(got)); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if (nerr == nil) != (ferr == nil) {
				t.Fatalf("here %v, there %v", nerr, ferr)
			}
			if nerr == nil {
				return
			}
			if got, want := ferr.Error(), nerr.Error(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			if got, want := describe(ctx, ferr), describe(ctx, nerr); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// absent is a CID that no storage of a test holds.
const absent = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"

// steady is a space without what time and a storage change meanwhile.
func steady(s *syncer.Space) string {
	if s == nil {
		return "none"
	}
	x := *s
	x.RepoSize, x.Growth, x.Storages = 0, nil, slices.Clone(x.Storages)
	for i := range x.Storages {
		x.Storages[i].RepoSize, x.Storages[i].Sent, x.Storages[i].Received = 0, 0, 0
	}
	kept := "none"
	if x.Kept != nil {
		k := *x.Kept
		k.Time = time.Time{}
		kept, x.Kept = fmt.Sprintf("%+v", k), nil
	}
	for i := range x.Devices {
		x.Devices[i].Newest = x.Devices[i].Newest.UTC()
	}
	return fmt.Sprintf("%+v %s", x, kept)
}

// deref shows what a pointer leads to.
func deref(v any) any {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() {
		return p.Elem().Interface()
	}
	return v
}

// slow is an engine whose work takes until it is told to stop; what it has done till then it tells.
type slow struct {
	engine
	began chan struct{}
	ended chan struct{}
}

func (s *slow) Restore(ctx context.Context, _ syncer.RestoreOptions, r syncer.Report) (*syncer.Restored, error) {
	r(syncer.Progress{Phase: "restoring", Files: 1, Current: "latin \xe9.txt"})
	close(s.began)
	<-ctx.Done()
	defer close(s.ended)
	return &syncer.Restored{Files: 2, Targets: []string{"/to\xff"}}, fmt.Errorf("restore: %w", ctx.Err())
}

func (s *slow) Watch(ctx context.Context) iter.Seq2[syncer.Status, error] {
	return func(yield func(syncer.Status, error) bool) {
		for _, state := range []string{"saving", "safe"} {
			if !yield(syncer.Status{State: state}, nil) {
				return
			}
		}
		<-ctx.Done()
		close(s.ended)
	}
}

func newSlow() *slow {
	return &slow{engine: refusing{}, began: make(chan struct{}), ended: make(chan struct{})}
}

func TestStoppingACallStopsTheEngineAndSaysWhatWasDone(t *testing.T) {
	s := newSlow()
	far := serving(t, t.TempDir(), s, nil)
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan syncer.Progress, 1)
	go func() {
		<-s.began
		<-told
		stop()
	}()
	got, err := far.Restore(ctx, syncer.RestoreOptions{}, func(p syncer.Progress) {
		if p.Current != "latin \xe9.txt" {
			t.Errorf("told %+v", p)
		}
		told <- p
	})
	<-s.ended
	if got == nil || got.Files != 2 || got.Targets[0] != "/to\xff" {
		t.Errorf("what was done is %+v", got)
	}
	if p := describe(ctx, err); p.Exit != syncer.ExitStopped {
		t.Errorf("said %+v for %v", p, err)
	}
}

// A caller that crashes or is killed does not leave its work running.
func TestACallerThatIsGoneStopsItsCall(t *testing.T) {
	s := newSlow()
	home := t.TempDir()
	serving(t, home, s, nil)
	conn, err := dialSocket(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	message := must(encodeWire(request{Report: true}))
	fmt.Fprintf(conn, "POST /v1/restore HTTP/1.1\r\nHost: roost\r\n%s: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n",
		protocolHeader, protocol, len(message), message)
	<-s.began
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
}

func TestWatchingEndsWithWhoWatches(t *testing.T) {
	s := newSlow()
	far := serving(t, t.TempDir(), s, nil)
	var seen []string
	for status, err := range far.Watch(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if seen = append(seen, status.State); len(seen) == 2 {
			break
		}
	}
	if fmt.Sprint(seen) != "[saving safe]" {
		t.Errorf("saw %v", seen)
	}
	<-s.ended
}

func TestWatchingEndsInWordsWhenTheEngineDoes(t *testing.T) {
	home := t.TempDir()
	l, err := listenSocket(home)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- (&server{engine: newSlow(), log: slog.New(slog.DiscardHandler)}).serve(ctx, l) }()
	far, err := findRunning(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	var last error
	for status, err := range far.Watch(t.Context()) {
		last = err
		if status.State == "safe" {
			stop()
		}
	}
	if last == nil {
		t.Error("nobody was told that it ended")
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if again, err := findRunning(t.Context(), home); again != nil || err != nil {
		t.Errorf("afterwards %v answers: %v", again, err)
	}
}

func TestASecondLaunchShowsTheWindow(t *testing.T) {
	shown := make(chan struct{}, 1)
	show := func() { shown <- struct{}{} }
	if ok, err := serving(t, t.TempDir(), newSlow(), show).Show(t.Context()); err != nil || !ok {
		t.Fatalf("%v: %v", ok, err)
	}
	<-shown

	// A window beside a service: the service passes it on.
	home := t.TempDir()
	service := serving(t, home, newSlow(), nil)
	if ok, err := service.Show(t.Context()); err != nil || ok {
		t.Fatalf("without a window: %v, %v", ok, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	attached := make(chan error, 1)
	go func() { attached <- service.Attach(ctx, show) }()
	waitFor(t, "the window to be attached", func() bool {
		ok, err := service.Show(t.Context())
		return err == nil && ok
	})
	<-shown
	stop()
	if err := <-attached; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	waitFor(t, "the window to be forgotten", func() bool {
		ok, err := service.Show(t.Context())
		return err == nil && !ok
	})
}

// raw answers every call by hand.
func raw(t *testing.T, answer http.HandlerFunc) *remote {
	t.Helper()
	home := t.TempDir()
	l, err := listenSocket(home)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/v1/hello" {
			w.Write(must(encodeWire(frame{Last: true, Result: must(encodeWire(hello{PID: 1}))})))
			return
		}
		answer(w, r)
	})}
	s.SetKeepAlivesEnabled(false)
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-ended
	})
	far, err := findRunning(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	return far
}

// What a storage or a sync tool once got wrong: a connection that broke counted as an empty answer.
func TestAnAnswerThatBreaksOffIsNeverAnEmptyOne(t *testing.T) {
	whole := must(encodeWire(frame{Last: true, Result: must(encodeWire([]syncer.Item{{Path: "a"}}))}))
	for cut := range len(whole) {
		far := raw(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(whole[:cut]) })
		items, err := far.List(t.Context(), "latest", "")
		if err == nil || items != nil {
			t.Fatalf("cut after %d of %d bytes: %v, %v", cut, len(whole), items, err)
		}
		if p := describe(t.Context(), err); p.Code != "gone" || p.Exit != syncer.ExitHome {
			t.Errorf("cut after %d bytes: %+v", cut, p)
		}
	}
	far := raw(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("\xffnonsense")) })
	_, err := far.List(t.Context(), "latest", "")
	if p := describe(t.Context(), err); p.Code != "other_version" || p.Exit != syncer.ExitBusy {
		t.Errorf("nonsense: %+v", p)
	}
}

func TestAnotherVersionIsSaidInWords(t *testing.T) {
	home := t.TempDir()
	far := serving(t, home, newSlow(), nil)
	err := far.tell(t.Context(), "dance", nil) // of a later Roost
	if p := describe(t.Context(), err); p.Code != "other_version" || p.Exit != syncer.ExitBusy {
		t.Errorf("an unknown call: %+v", p)
	}
	conn, err := dialSocket(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/hello HTTP/1.1\r\nHost: roost\r\n%s: 99\r\nTransfer-Encoding: chunked\r\n\r\n", protocolHeader)
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(answer, []byte("Another version of Roost is running")) {
		t.Errorf("a later protocol: %q", answer)
	}
}

func TestARequestThatMakesNoSenseIsRefused(t *testing.T) {
	home := t.TempDir()
	serving(t, home, newSlow(), nil)
	for _, body := range []string{"\xff", "nonsense", "", string(bytes.Repeat([]byte{0x5b}, 100))} {
		conn, err := dialSocket(t.Context(), home)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST /v1/words HTTP/1.1\r\nHost: roost\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%s", protocolHeader, protocol, len(body), body)
		answer, err := io.ReadAll(conn)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(answer, []byte("could not be read")) {
			t.Errorf("%q: %q", body, answer)
		}
		conn.Close()
	}
}

func TestTheSocketIsForThisPersonAlone(t *testing.T) {
	home := t.TempDir()
	serving(t, home, newSlow(), nil)
	info, err := os.Lstat(filepath.Join(home, socketName))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); runtime.GOOS != "windows" && got != os.ModeSocket|0o600 {
		t.Errorf("mode %v", got)
	}
	entries, err := os.ReadDir(home)
	if err != nil || len(entries) != 1 {
		t.Errorf("the home holds %v: %v", entries, err)
	}
}

// A Roost that crashed leaves its socket. Nobody waits for it, and the next one takes its place.
func TestAStaleSocketIsNoRoost(t *testing.T) {
	home := t.TempDir()
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(home, socketName), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := findRunning(t.Context(), home); r != nil || err != nil {
		t.Fatalf("%v answers: %v", r, err)
	}
	serving(t, home, newSlow(), nil)
	if err := removeStale(t.TempDir()); err != nil {
		t.Errorf("without one: %v", err)
	}
}

func TestAHomeDeepDownHasASocketToo(t *testing.T) {
	home := t.TempDir()
	for len(home) < 300 {
		home = filepath.Join(home, strings.Repeat("long ", 10)+"name")
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	serving(t, home, newSlow(), nil)
}

// A Roost that hangs up before it answers, as one does that ends in that moment, is told of at once.
func TestAHangUpBeforeTheAnswerIsNotWaitedFor(t *testing.T) {
	home := t.TempDir()
	l, err := listenSocket(home)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 16)) // a part of the request
			conn.Close()
		}
	}()
	for range 20 {
		start := time.Now()
		if _, err := findRunning(t.Context(), home); err == nil {
			t.Fatal("a Roost that hung up counts as one that answers")
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Fatalf("it was waited for %v", took)
		}
	}
}
