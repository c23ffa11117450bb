package syncer

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// ofMember are the options of a home whose storage is a member of a cluster.
func ofMember(m *nodetest.Member, copies int) SetupOptions {
	return SetupOptions{URL: m.Kubo.URL, ClusterURL: m.API, ClusterToken: m.Token(), ClusterCopies: copies}
}

// twoMembers are a real cluster of two that know each other, and an engine that saves there, with its secret.
func twoMembers(t *testing.T, copies int) (one, two *nodetest.Member, e *Engine, secret format.Entropy) {
	t.Helper()
	one = nodetest.StartMember(t, "one", nil)
	two = nodetest.StartMember(t, "two", one)
	know(t, one, 2)
	home := t.TempDir() + "/home"
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	res, err := Setup(t.Context(), opts, ofMember(one, copies))
	must(t, err)
	secret, err = format.EntropyFromWords(join24(res.Words))
	must(t, err)
	e, err = Open(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	return one, two, e, secret
}

// know waits until a member knows of so many that answer.
func know(t *testing.T, m *nodetest.Member, want int) {
	t.Helper()
	c := m.Node(t, 0)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		all, err := c.Members(t.Context())
		must(t, err)
		if len(slices.DeleteFunc(all, func(m node.Member) bool { return m.Reason != "" })) == want {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the member knows of %+v", all)
		}
	}
}

// holders says how the members hold the newest state: "one holds, two away".
func holders(s Status) string {
	c := s.Storages[0].Cluster
	if c == nil {
		return "no cluster"
	}
	var all []string
	for _, m := range c.Members {
		all = append(all, m.Name+" "+m.State)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func isWaitingForAMember(s Status) bool {
	return s.State == StateWaiting && s.Folders[0].Changed.IsZero() && holders(s) == "one holds, two away"
}

// Two real storages that act as one: files are safe when both hold them. One that is switched off keeps nobody from saving, and
// it is said; back again it catches up. Then the first one burns down, and what the other one's Kubo has is all of it.
func TestSeveralStoragesActAsOne(t *testing.T) {
	one, two, e, secret := twoMembers(t, 0)
	settings, err := os.ReadFile(e.home.path(configFile))
	must(t, err)
	if text := string(settings); strings.Contains(text, "cluster-of-a-test") || !strings.Contains(text, `"two"`) {
		t.Errorf("the settings are %s", text)
	}
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	running(t, e)
	s := until(t, e, "both hold it", isSafe)
	if c := s.Storages[0].Cluster; c == nil || c.Held != 2 || c.Wanted != 2 || holders(s) != "one holds, two holds" {
		t.Errorf("it is held as %q, %+v", holders(s), c)
	}
	newest := func() (held, of int) {
		t.Helper()
		pins, err := e.Pins(t.Context(), "")
		must(t, err)
		i := slices.IndexFunc(pins, func(p Pin) bool { return p.Kind == PinNewest })
		return pins[i].Held(), pins[i].Copies
	}
	if held, of := newest(); held != 2 || of != 2 {
		t.Errorf("of the saved copy it is said that %d of %d hold it", held, of)
	}

	two.Stop(t)
	write(t, src+"/meanwhile", noise(7, 400_000))
	s = until(t, e, "one is away", isWaitingForAMember)
	if c := s.Storages[0].Cluster; c.Held != 1 || c.Wanted != 2 || c.member(c.Members[0].ID) == nil {
		t.Errorf("it is held as %+v", c)
	}
	for _, m := range s.Storages[0].Cluster.Members {
		if away := m.State == MemberAway; away == m.Since.IsZero() {
			t.Errorf("since when is not right: %+v", m)
		}
	}
	if held, of := newest(); held != 1 || of != 2 {
		t.Errorf("with one away it is said of the saved copy that %d of %d hold it", held, of)
	}
	if !slices.ContainsFunc(s.Problems, func(p Problem) bool { return p.Code == "members_behind" && p.Storage == "storage" }) {
		t.Errorf("the problems are %+v", s.Problems)
	}

	two.Start(t)
	e.running.Load().rescan() // as a wake from sleep does
	s = until(t, e, "both hold it again", isSafe)
	if holders(s) != "one holds, two holds" {
		t.Errorf("it is held as %q", holders(s))
	}

	one.Stop(t)
	left := two.Kubo.Node(t)
	must(t, left.GC(t.Context()))
	sameContents(t, recovered(t, left, secret), onDisk(t, src))

	// A new computer goes on there, without the cluster, and everything of before is still listed.
	again := testEngine(t, left, secret)
	more := t.TempDir()
	write(t, more+"/new", "new")
	added(t, again, more)
	backup(t, again)
	versions, _, err := testEngine(t, left, secret).Snapshots(t.Context(), "")
	must(t, err)
	if !slices.ContainsFunc(versions, func(v Version) bool { return string(v.Path) == resolved(src) }) {
		t.Errorf("what was saved before is not listed any more: %v", versions)
	}
}

// A member that is lost while a backup is on its way there is missed, and no file is: neither when it is another one, nor when it
// is the one that everything goes through.
func TestAMemberIsLostInTheMiddleOfACopy(t *testing.T) {
	one, two, e, secret := twoMembers(t, 0)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	lose := func(m *nodetest.Member) error {
		write(t, src+"/large", noise(uint64(time.Now().UnixNano()), 40<<20))
		var once sync.Once
		_, err := e.Backup(t.Context(), nil, func(p Progress) {
			if p.Bytes > 8<<20 {
				once.Do(func() { m.Kill(t) })
			}
		})
		return err
	}
	must(t, lose(two))
	s := e.Status(t.Context())
	if s.State != StateWaiting || s.Storages[0].Cluster == nil || s.Storages[0].Cluster.Held != 1 {
		t.Errorf("a member was lost, and the status is %+v", s)
	}
	two.Start(t)
	know(t, one, 2)
	awaitSafe(t, e)

	if err := lose(one); !errors.Is(err, node.ErrUnreachable) && !errors.Is(err, node.ErrTimeout) {
		t.Errorf("the storage was lost: %v", err)
	}
	if s := e.Status(t.Context()); s.State == StateSafe {
		t.Error("a storage that is lost is said to be safe")
	}
	one.Start(t)
	know(t, one, 2)
	backup(t, e)
	awaitSafe(t, e)
	one.Stop(t)
	sameContents(t, recovered(t, two.Kubo.Node(t), secret), onDisk(t, src))
}

// awaitSafe asks until everything is safe, and has members refilled as an engine that runs does.
func awaitSafe(t *testing.T, e *Engine) {
	t.Helper()
	var s Status
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if s = e.Status(t.Context()); s.State == StateSafe {
			return
		}
		must(t, e.FixNode(t.Context(), "storage", "members"))
	}
	t.Fatalf("it is not safe: %s %+v", holders(s), s)
}

// How many members shall hold everything is changed while one is away: then it is safe with the other, or with all that are left.
func TestFewerCopiesAreWanted(t *testing.T) {
	one, two, e, _ := twoMembers(t, 2)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	awaitSafe(t, e)
	two.Stop(t)
	know(t, one, 1)
	wantState(t, e, StateWaiting)
	if err := e.SetCopies(t.Context(), "storage", 3); !errors.Is(err, ErrFewMembers) {
		t.Errorf("three copies of one: %v", err)
	}
	if err := e.SetCopies(t.Context(), "attic", 1); !errors.Is(err, ErrUsage) {
		t.Errorf("copies of no storage: %v", err)
	}
	must(t, e.SetCopies(t.Context(), "", 1))
	awaitSafe(t, e)
	must(t, e.SetCopies(t.Context(), "storage", 0))
	awaitSafe(t, e)
	s := e.Status(t.Context())
	if c := s.Storages[0].Cluster; c.Copies != 0 || c.Wanted != 1 {
		t.Errorf("all that are left are %+v", c)
	}
	write(t, src+"/later", "later")
	backup(t, e)
	awaitSafe(t, e)
}

// Each thing that can be wrong with a cluster is one sentence and one action, and nothing is added that does not work.
func TestWhatIsWrongWithAClusterIsNamed(t *testing.T) {
	one, two, e, _ := twoMembers(t, 0)
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	backup(t, e)
	awaitSafe(t, e)
	check := func() map[string]NodeCheck {
		t.Helper()
		n, err := e.CheckNode(t.Context(), "storage")
		must(t, err)
		all := map[string]NodeCheck{}
		for _, c := range n.Checks {
			if all[c.Name] = c; c.Message == "" || !c.OK && c.Action == "" {
				t.Errorf("%s says %+v", c.Name, c)
			}
		}
		return all
	}
	for _, name := range []string{"group", "group-version", "members", "write", "kept"} {
		if c := check()[name]; !c.OK {
			t.Errorf("%s: %+v", name, c)
		}
	}
	two.Stop(t)
	if c := check()["members"]; c.OK || !c.Fix || c.Problem.Code != "members_behind" || !strings.Contains(c.Problem.Detail, "two") {
		t.Errorf("a member that is away is checked as %+v", c)
	}
	must(t, e.FixNode(t.Context(), "storage", "members"))

	far := nodetest.StartKubo(t)
	for _, c := range []struct {
		what, code string
		how        func(*SetupOptions)
	}{
		{"a wrong password", "group_refused", func(o *SetupOptions) { o.ClusterToken = "basic:roost:wrong" }},
		{"nobody", "group_away", func(o *SetupOptions) { o.ClusterURL = "http://127.0.0.1:1" }},
		{"another storage", "other_member", func(o *SetupOptions) { o.URL, o.Token = far.URL, far.Token }},
		{"too many copies", "few_members", func(o *SetupOptions) { o.ClusterCopies = 9 }},
		{"no address", "usage", func(o *SetupOptions) { o.ClusterURL = "ftp://nowhere" }},
		{"an impossible number", "usage", func(o *SetupOptions) { o.ClusterCopies = -1 }},
		{"a storage of Roost's own", "usage", func(o *SetupOptions) { o.URL, o.LocalDir = "", t.TempDir() }},
		{"a certificate that is none", "usage", func(o *SetupOptions) { o.ClusterURL, o.ClusterFingerprint = "https://127.0.0.1:1", "beef" }},
	} {
		home := t.TempDir() + "/home"
		o := ofMember(one, 0)
		c.how(&o)
		_, err := Setup(t.Context(), Options{Home: home, Keys: fileKey{path: home + ".key"}}, o)
		if err == nil {
			t.Errorf("%s: a home was made", c.what)
		} else if p := Describe(err); p.Code != c.code {
			t.Errorf("%s: %s, want %s: %v", c.what, p.Code, c.code, err)
		} else if strings.Contains(p.InFull(), "wrong") || strings.Contains(err.Error(), "cluster-of-a-test") {
			t.Errorf("%s: the password is in %v", c.what, err)
		}
	}
}

func TestAStorageThatIsOneAloneHasNoMembersToFix(t *testing.T) {
	e := testEngine(t, &nodetest.Memory{}, testEntropy(t))
	if err := e.FixNode(t.Context(), "storage", "members"); !errors.Is(err, ErrUsage) {
		t.Errorf("it is said: %v", err)
	}
}

// What was saved before there was a cluster is taken over by it, and nothing is sent again.
func TestAStorageBecomesOneOfSeveral(t *testing.T) {
	one := nodetest.StartMember(t, "one", nil)
	home := t.TempDir() + "/home"
	opts := Options{Home: home, Keys: fileKey{path: home + ".key"}}
	_, err := Setup(t.Context(), opts, SetupOptions{URL: one.Kubo.URL})
	must(t, err)
	e, err := Open(t.Context(), opts)
	must(t, err)
	defer func() { must(t, e.Close()) }()
	src := t.TempDir()
	sample(t, src, 1)
	added(t, e, src)
	first := backup(t, e)
	must(t, e.Readdress(t.Context(), "storage", ofMember(one, 0)))
	awaitSafe(t, e)
	if c := e.Status(t.Context()).Storages[0].Cluster; c == nil || c.Held != 1 {
		t.Errorf("it is held as %+v", c)
	}
	write(t, src+"/later", "later")
	if s := backup(t, e); s.StoredBytes > first.StoredBytes/2 {
		t.Errorf("%d bytes were sent again", s.StoredBytes)
	}
	awaitSafe(t, e)
}

// Settings of before load as they are; what makes no sense in them is said in words.
func TestSettingsOfAClusterAreRead(t *testing.T) {
	id := strings.Repeat("07", 16)
	for text, want := range map[string]string{
		`{"name":"a","url":"http://127.0.0.1:5001"}`: "",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":{"url":"http://127.0.0.1:9094","copies":2,"members":[{"id":"x","name":"one"}]}}`: "",
		`{"name":"a","url":"http://192.0.2.9:5001","cluster":{"url":"http://192.0.2.9:9094"}}`:                                                "",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":{"url":"http://127.0.0.1:9094","copies":-1}}`:                                    "copies",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":{"url":"http://127.0.0.1:9094","copies":101}}`:                                   "copies",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":{"url":"http://127.0.0.1:9094","members":[{}]}}`:                                 "member",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":{"url":""}}`:                                                                     "address",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":{"url":"https://127.0.0.1:9094","fingerprint":"xyz"}}`:                           "fingerprint",
		`{"name":"a","dir":"/x","cluster":{"url":"http://127.0.0.1:9094"}}`:                                                                   "act as one",
		`{"name":"a","url":"http://127.0.0.1:5001","cluster":7}`:                                                                              "cluster",
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(dir+"/"+configFile, fmt.Appendf(nil, `{"version":1,"vault":%q,"device":%q,"nodes":[%s]}`, id, id, text), 0o600))
		h, err := openHome(dir)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", text, err)
		case want != "" && err == nil:
			t.Errorf("%s was read", text)
		case want != "" && (!errors.Is(err, ErrSettings) || !strings.Contains(Describe(err).Detail, want)):
			t.Errorf("%s: %v, which is shown as %q; want a word of %q", text, err, Describe(err).InFull(), want)
		case want == "" && (h.cfg.Nodes[0].Cluster != nil) != strings.Contains(text, "cluster"):
			t.Errorf("%s is %+v", text, h.cfg.Nodes[0])
		}
	}
}
