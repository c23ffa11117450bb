package syncer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// pair are two computers of one vault, each of which has saved a folder.
func pair(t *testing.T, n node.Node) (a, b *Engine, secret format.Entropy, want map[string]string) {
	t.Helper()
	secret = testEntropy(t)
	a, b = testEngine(t, n, secret), testEngine(t, n, secret)
	want = map[string]string{}
	for i, e := range []*Engine{a, b} {
		src := t.TempDir()
		write(t, src+"/shared", noise(1, 300_000))
		write(t, fmt.Sprintf("%s/of %d", src, i), noise(uint64(2+i), 200_000))
		added(t, e, src)
		backup(t, e)
		for k, v := range onDisk(t, src) {
			want[k] = v
		}
	}
	return a, b, secret, want
}

func hexID(e *Engine) string { return fmt.Sprintf("%x", e.bundle.Device()) }

func deviceStates(t *testing.T, e *Engine) map[string]string {
	t.Helper()
	all, err := e.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, d := range all {
		out[d.ID] = d.State
	}
	return out
}

// TestARevokedComputerIsToldAndIsMissedByNobody: on a real Kubo and in memory. What it had saved comes back after a
// collection, its later backup is refused and says so, and the status of the other is safe.
func TestARevokedComputerIsToldAndIsMissedByNobody(t *testing.T) {
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("lost=%v", lost), func(t *testing.T) {
			eachNode(t, func(t *testing.T, n node.Node) {
				a, b, secret, want := pair(t, n)
				got, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b), Lost: lost})
				if err != nil {
					t.Fatal(err)
				}
				if got.Versions != 1 || got.Already || got.Lost != lost {
					t.Errorf("what was done: %+v", got)
				}
				if err := n.GC(t.Context()); err != nil {
					t.Fatal(err)
				}
				sameContents(t, recovered(t, n, secret), want)
				state := map[bool]string{false: DeviceRetired, true: DeviceRevoked}[lost]
				if s := deviceStates(t, a); s[hexID(b)] != state || s[hexID(a)] != DeviceActive {
					t.Errorf("the devices are %v", s)
				}
				write(t, string(b.home.config().Folders[0].Path)+"/late", "of the removed one")
				_, err = b.Backup(t.Context(), nil, nil)
				if p := Describe(err); p.Code != "retired" || p.Exit != ExitKeys {
					t.Errorf("the removed computer's backup says %v", err)
				}
				if s := b.Status(t.Context()); s.State != StateNeedsYou || s.Problems[0].Code != "retired" {
					t.Errorf("the removed computer's status is %s: %+v", s.State, s.Problems)
				}
				write(t, string(a.home.config().Folders[0].Path)+"/new", "later")
				want["new"] = "later"
				backup(t, a)
				verified(t, a)
				if s := a.Status(t.Context()); s.State != StateSafe || len(s.Problems) > 0 {
					t.Errorf("the status is %s: %+v", s.State, s.Problems)
				}
				sameContents(t, recovered(t, n, secret), want)
				again, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b), Lost: lost})
				if err != nil || !again.Already {
					t.Errorf("once more: %+v, %v", again, err)
				}
			})
		})
	}
}

// TestARemovedComputerGoesFromEveryStorage: from further ones once they hold what took over its versions.
func TestARemovedComputerGoesFromEveryStorage(t *testing.T) {
	m, second, secret := newPeer("first"), newPeer("second"), testEntropy(t)
	a, b := testEngine(t, m, secret), testEngine(t, m, secret)
	for _, e := range []*Engine{a, b} {
		src := t.TempDir()
		write(t, src+"/x", noise(uint64(len(hexID(e)))+uint64(hexID(e)[0]), 200_000))
		added(t, e, src)
		further(t, e, "second", second)
		backup(t, e)
	}
	if _, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b)}); err != nil {
		t.Fatal(err)
	}
	for what, n := range map[string]node.Node{"the first": m, "the second": second} {
		if err := n.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		pins, err := n.Pins(t.Context())
		if err != nil || len(pins) != 1 {
			t.Errorf("%s storage has %d pins, %v", what, len(pins), err)
		}
		if got := recovered(t, n, secret); len(got) == 0 {
			t.Errorf("nothing comes back from %s storage", what)
		}
	}
}

// TestNewerVersionsOnAnotherStorageAreNotGivenUp: what only a further storage has of a device is not let go.
func TestNewerVersionsOnAnotherStorageAreNotGivenUp(t *testing.T) {
	m, second, secret := newPeer("first"), newPeer("second"), testEntropy(t)
	a, b := testEngine(t, m, secret), testEngine(t, m, secret)
	for _, e := range []*Engine{a, b} {
		src := t.TempDir()
		write(t, src+"/x", noise(uint64(hexID(e)[0]), 200_000))
		added(t, e, src)
		backup(t, e)
	}
	further(t, a, "second", second)
	if err := b.vault().Mirror(t.Context(), second, nil); err != nil {
		t.Fatal(err)
	}
	b = reopen(t, b, second)
	write(t, string(b.home.config().Folders[0].Path)+"/y", "newer")
	backup(t, b)
	_, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b)})
	if !errors.Is(err, ErrUsage) {
		t.Errorf("removing it says %v", err)
	}
	if s := deviceStates(t, a); s[hexID(b)] != DeviceActive {
		t.Error("it was removed all the same")
	}

	// One that the first storage knows nothing of.
	c := testEngine(t, second, secret)
	src := t.TempDir()
	write(t, src+"/z", "only there")
	added(t, c, src)
	backup(t, c)
	if err := a.RenameDevice(t.Context(), hexID(c), "x", ""); !errors.Is(err, vault.ErrNoDevice) {
		t.Errorf("renaming it says %v", err)
	}
	if _, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(c), Lost: true}); err == nil {
		t.Error("what only the second storage has was given up")
	}
}

func TestRemovingAComputerAsksForTheWords(t *testing.T) {
	m := &nodetest.Memory{}
	a, b, secret, _ := pair(t, m)
	words := strings.Join(format.WordsFromEntropy(secret), " ")
	other := strings.Join(format.WordsFromEntropy(testEntropy(t)), " ")
	for what, x := range map[string]struct {
		o    RemoveDeviceOptions
		want error
	}{
		"giving up without the words": {RemoveDeviceOptions{Device: hexID(b), Drop: true}, ErrUsage},
		"another backup's words":      {RemoveDeviceOptions{Device: hexID(b), Words: other}, ErrWrongWords},
		"words that are none":         {RemoveDeviceOptions{Device: hexID(b), Words: "some words"}, nil},
		"itself":                      {RemoveDeviceOptions{Device: hexID(a)}, ErrUsage},
		"nobody":                      {RemoveDeviceOptions{Device: "nobody"}, vault.ErrNoDevice},
	} {
		if _, err := a.RemoveDevice(t.Context(), x.o); err == nil || x.want != nil && !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", what, err, x.want)
		}
	}
	if s := deviceStates(t, a); s[hexID(b)] != DeviceActive {
		t.Fatalf("the devices are %v", s)
	}
	got, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b), Drop: true, Words: words})
	if err != nil || !got.Dropped || got.Versions != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	all, err := a.Devices(t.Context())
	if err != nil || len(all) != 2 || all[1].Versions != 0 || all[1].KeptBy != "" {
		t.Errorf("the devices are %+v, %v", all, err)
	}
}

func TestAComputerIsRenamedForEverybody(t *testing.T) {
	m := &nodetest.Memory{}
	a, b, _, _ := pair(t, m)
	if err := a.RenameDevice(t.Context(), hexID(b), "Küche", ""); err != nil {
		t.Fatal(err)
	}
	if err := a.RenameDevice(t.Context(), hexID(a), "Küche", ""); !errors.Is(err, ErrUsage) {
		t.Errorf("two of one name: %v", err)
	}
	for _, name := range []string{"", strings.Repeat("x", 300)} {
		if err := a.RenameDevice(t.Context(), hexID(b), name, ""); !errors.Is(err, ErrUsage) {
			t.Errorf("the name %.10q: %v", name, err)
		}
	}
	write(t, string(b.home.config().Folders[0].Path)+"/more", "x")
	backup(t, b)
	if b.Device() != "Küche" {
		t.Errorf("the other one calls itself %q", b.Device())
	}
	versions, _, err := a.Snapshots(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		if (v.Device == b.bundle.Device()) != (v.DeviceName == "Küche") {
			t.Errorf("a version of %q is shown as of %q", hexID(b), v.DeviceName)
		}
	}
}

// TestAnOldKeyIsAProblemUntilItIsRefused: on a real Kubo. Where Roost does not run the storage, its owner has to change the
// key; Roost notices by trying, and uses the new key by itself.
func TestAnOldKeyIsAProblemUntilItIsRefused(t *testing.T) {
	secret := testEntropy(t)
	d := nodetest.StartKubo(t)
	at := func(e *Engine) *Engine {
		e.first.Store(nil)
		e.home.cfg.Nodes[0].URL = d.URL
		e.bundle.SetToken("storage", d.Token)
		return e
	}
	a, b := at(testEngine(t, nil, secret)), at(testEngine(t, nil, secret))
	for _, e := range []*Engine{a, b} {
		src := t.TempDir()
		write(t, src+"/x", noise(uint64(hexID(e)[0]), 100_000))
		added(t, e, src)
		backup(t, e)
	}
	got, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b), Lost: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Keys) != 1 || got.Keys[0].State != KeyOpen {
		t.Fatalf("the keys: %+v", got.Keys)
	}
	s := a.Status(t.Context())
	if s.State != StateNeedsYou || len(s.Problems) != 1 || s.Problems[0].Code != "old_key" {
		t.Fatalf("the status is %s: %+v", s.State, s.Problems)
	}
	if next := a.bundle.OldKeys()[0].Next; strings.Contains(fmt.Sprint(s), next) || strings.Contains(fmt.Sprint(s), d.Token) {
		t.Error("a key is in the status")
	}
	sealed, err := os.ReadFile(a.home.path(bundleFile))
	if err != nil || bytes.Contains(sealed, []byte(d.Token)) {
		t.Errorf("the keys are in no sealed file: %v", err)
	}

	// Its owner runs the line.
	d.Stop(t)
	bin := t.TempDir()
	if err := os.Symlink(nodetest.Binary(t), bin+"/ipfs"); err != nil {
		t.Fatal(err)
	}
	sh := exec.Command("sh", "-c", got.Keys[0].Line)
	sh.Env = append(os.Environ(), "IPFS_PATH="+d.Repo, "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	port := d.URL[strings.LastIndexByte(d.URL, ':')+1:]
	d.Change(t, func(c nodetest.Config) { c.Set("Addresses.API", []string{"/ip4/127.0.0.1/tcp/" + port}) })
	d.Token = a.bundle.OldKeys()[0].Next
	d.Start(t)

	a.first.Store(nil) // the next process
	backup(t, a)
	if s := a.Status(t.Context()); s.State != StateSafe || len(s.Problems) > 0 {
		t.Errorf("with the new key the status is %s: %+v", s.State, s.Problems)
	}
	if a.bundle.Token("storage") != d.Token || len(a.bundle.OldKeys()) > 0 {
		t.Error("the new key is not used")
	}
	b.first.Store(nil)
	if _, err := b.Backup(t.Context(), nil, nil); !errors.Is(err, node.ErrUnauthorized) {
		t.Errorf("the lost computer is told %v", err)
	}
}

// The password of a cluster is a key as well: whoever has it can have every member let go of what it holds. On a real one.
func TestTheOldPasswordOfAClusterIsAProblemUntilItIsRefused(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	engine := func(setup SetupOptions) (*Engine, string) {
		home := t.TempDir() + "/home"
		opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
		res, err := Setup(t.Context(), opts, setup)
		must(t, err)
		e, err := Open(t.Context(), opts)
		must(t, err)
		t.Cleanup(func() { must(t, e.Close()) })
		src := t.TempDir()
		write(t, src+"/x", noise(uint64(hexID(e)[0]), 100_000))
		added(t, e, src)
		backup(t, e)
		return e, join24(res.Words)
	}
	setup := ofMember(one, 0)
	a, words := engine(setup)
	setup.Words = words
	b, _ := engine(setup)
	got, err := a.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: hexID(b), Lost: true})
	must(t, err)
	if len(got.Keys) != 1 || got.Keys[0].State != KeyOpen || !got.Keys[0].Cluster || got.Keys[0].Storage != "storage" {
		t.Fatalf("the keys: %+v", got.Keys)
	}
	s := a.Status(t.Context())
	if i := slices.IndexFunc(s.Problems, func(p Problem) bool { return p.Code == "old_key" && p.Storage == "storage" }); i < 0 {
		t.Fatalf("the status is %s: %+v", s.State, s.Problems)
	}
	next := a.bundle.OldKeys()[0].Next
	if strings.Contains(fmt.Sprint(s), next) || strings.Contains(fmt.Sprint(s), one.User) {
		t.Error("a password is in the status")
	}

	// The owner of the member runs the line, and starts it again.
	one.Stop(t)
	sh := exec.Command("sh", "-c", got.Keys[0].Line)
	sh.Env = append(os.Environ(), "IPFS_CLUSTER_PATH="+one.Dir)
	if out, err := sh.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	one.User = strings.TrimPrefix(next, "basic:")
	one.Start(t)

	a.first.Store(nil) // the next process
	backup(t, a)
	if s := a.Status(t.Context()); len(a.bundle.OldKeys()) > 0 || slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "old_key" }) {
		t.Errorf("with the new password the status is %s: %+v", s.State, s.Problems)
	}
	if a.bundle.Token(clusterKey("storage")) != next {
		t.Error("the new password is not used")
	}
	c, err := b.home.config().Nodes[0].dial(accessOf(b.bundle, "storage"), nil)
	must(t, err)
	defer c.Close()
	if _, err := c.(*node.Cluster).Members(t.Context()); !errors.Is(err, node.ErrClusterKey) {
		t.Errorf("the lost computer is told %v", err)
	}
}

// Whatever a cluster calls its user, the line gives that user the new password, also where another was set before.
func TestTheLineForAClusterSetsThePassword(t *testing.T) {
	for _, user := range []string{"roost", "a b", "o'neil", `q"uote`, `back\slash`, "sl/ash", "$HOME", "at@home", "äöü"} {
		dir := t.TempDir()
		for _, before := range []string{"null", "{}", "{\n  \"somebody\": \"old\",\n \"b\": \"c\"\n}"} {
			write(t, dir+"/service.json", `{"api": {"pinsvcapi": {"basic_auth_credentials": null}, "restapi": {"basic_auth_credentials": `+before+`, "x": 1}}}`)
			token := clusterToken("basic:"+user+":old", "bearer:abc123")
			sh := exec.Command("sh", "-c", clusterLine(token))
			sh.Env = append(os.Environ(), "IPFS_CLUSTER_PATH="+dir)
			if out, err := sh.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			data, err := os.ReadFile(dir + "/service.json")
			must(t, err)
			var got struct {
				API struct {
					Pinsvcapi struct {
						Users map[string]string `json:"basic_auth_credentials"`
					}
					Restapi struct {
						Users map[string]string `json:"basic_auth_credentials"`
						X     int
					}
				}
			}
			must(t, json.Unmarshal(data, &got))
			if r := got.API.Restapi; r.X != 1 || len(r.Users) != 1 || r.Users[user] != "abc123" || got.API.Pinsvcapi.Users != nil {
				t.Errorf("for %q it says %s", user, data)
			}
		}
	}
}

// TestTheOldComputerIsReplacedOnlyWhenTheNewOneHoldsEverything: not before its folders are saved and a drill went well.
func TestTheOldComputerIsReplacedOnlyWhenTheNewOneHoldsEverything(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		secret := testEntropy(t)
		old := testEngine(t, n, secret)
		src := t.TempDir()
		sample(t, src, 1)
		added(t, old, src)
		backup(t, old)
		want := onDisk(t, src)

		fresh := testEngine(t, n, secret)
		if err := fresh.Replace(t.Context(), "nobody"); !errors.Is(err, vault.ErrNoDevice) {
			t.Errorf("replacing nobody: %v", err)
		}
		if err := fresh.Replace(t.Context(), hexID(fresh)); !errors.Is(err, ErrUsage) {
			t.Errorf("replacing itself: %v", err)
		}
		if err := fresh.Replace(t.Context(), hexID(old)); err != nil {
			t.Fatal(err)
		}
		if err := fresh.finishReplacing(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := deviceStates(t, fresh); s[hexID(old)] != DeviceActive {
			t.Fatal("it was retired before anything was saved")
		}
		again, second := t.TempDir(), t.TempDir()
		sample(t, again, 1)
		write(t, second+"/x", "of the second")
		added(t, fresh, again, second)
		if _, err := fresh.Backup(t.Context(), []string{again}, nil); err != nil {
			t.Fatal(err)
		}
		if s := deviceStates(t, fresh); s[hexID(old)] != DeviceActive {
			t.Fatal("it was retired before every folder was saved")
		}
		if r := fresh.Status(t.Context()).Replaces; r == nil || r.Name != old.bundle.Name() || r.Folders != 2 || r.Saved != 1 || !r.Done.IsZero() {
			t.Errorf("the status says that it replaces %+v", r)
		}
		if _, err := fresh.Backup(t.Context(), nil, nil); err != nil {
			t.Fatal(err)
		}
		if s := deviceStates(t, fresh); s[hexID(old)] != DeviceRetired || fresh.home.config().Replaces != "" {
			t.Fatalf("the devices are %v", s)
		}
		if r := fresh.Status(t.Context()).Replaces; r == nil || r.Name != old.bundle.Name() || r.Done.IsZero() {
			t.Errorf("the status says of its end %+v", r)
		}
		if err := fresh.Replace(t.Context(), ""); err != nil { // it was read
			t.Fatal(err)
		}
		if r := fresh.Status(t.Context()).Replaces; r != nil {
			t.Errorf("the status goes on to tell of %+v", r)
		}
		if err := n.GC(t.Context()); err != nil {
			t.Fatal(err)
		}
		versions, _, err := fresh.Snapshots(t.Context(), "")
		if err != nil || len(versions) != 3 {
			t.Fatalf("%d versions, %v", len(versions), err)
		}
		for _, v := range versions {
			if v.Device == old.bundle.Device() {
				sameContents(t, versionContents(t, fresh, v.ID), want)
			}
		}
		verified(t, fresh)
	})
}

// TestTheOldComputerStaysWhereADrillFails: a part that only it has saved is damaged.
func TestTheOldComputerStaysWhereADrillFails(t *testing.T) {
	m, secret := &nodetest.Memory{PinTimeout: 50 * time.Millisecond}, testEntropy(t)
	old, fresh := testEngine(t, m, secret), testEngine(t, m, secret)
	src, other := t.TempDir(), t.TempDir()
	for i := range 40 {
		write(t, fmt.Sprintf("%s/%d", src, i), noise(uint64(i), 100_000))
	}
	write(t, other+"/x", "small")
	added(t, old, src)
	backup(t, old)
	for _, p := range packsOf(t, old) {
		if p.Type == format.DataPack {
			m.Damage(p.Digest.RawCID())
		}
	}
	added(t, fresh, other)
	if err := fresh.Replace(t.Context(), hexID(old)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		backup(t, fresh)
		if s := deviceStates(t, fresh); s[hexID(old)] != DeviceActive {
			t.Fatalf("the devices are %v", s)
		}
	}
}
