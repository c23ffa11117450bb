package syncer

import (
	"os"
	"strings"
	"testing"

	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// TestASecondDeviceGetsANameOfItsOwn: on a real Kubo, whether it has the words or is let in. A name that is given is taken as it is,
// and one that a lost computer had is not used again.
func TestASecondDeviceGetsANameOfItsOwn(t *testing.T) {
	host, err := os.Hostname()
	must(t, err)
	k := nodetest.StartKubo(t)
	src := t.TempDir()
	write(t, src+"/letter.txt", noise(1, 20_000))
	how := SetupOptions{URL: k.URL, Token: k.Token}
	first, made := setUpIn(t, how)
	added(t, first, src)
	backup(t, first)
	how.Words = strings.Join(made.Words, " ")
	setUp := func(want string) *Engine {
		t.Helper()
		e, made := setUpIn(t, how)
		added(t, e, src)
		backup(t, e)
		if made.Device != want || e.Device() != want {
			t.Errorf("it is called %q and %q, want %q", made.Device, e.Device(), want)
		}
		return e
	}
	setUp(host + " 2")
	third := setUp(host + " 3")
	must(t, third.RenameDevice(t.Context(), host+" 3", strings.ToUpper(host)+" 4", ""))
	if _, err := first.RemoveDevice(t.Context(), RemoveDeviceOptions{Device: host + " 2", Lost: true}); err != nil {
		t.Fatal(err)
	}
	setUp(host + " 3")
	setUp(host + " 5")

	asks, err := NewApplicant("")
	must(t, err)
	in, err := first.LetIn(t.Context(), asks.Code)
	must(t, err)
	joined, err := asks.Join([]byte(in.Code))
	must(t, err)
	e, made := setUpIn(t, SetupOptions{URL: k.URL, Token: k.Token, Joined: joined})
	if want := host + " 6"; in.Name != want || made.Device != want || e.Device() != want {
		t.Errorf("the one that was let in is %q, %q and %q, want %q", in.Name, made.Device, e.Device(), want)
	}

	how.Device = host
	setUp(host)
	how.Device, how.Replaces = "", host+" 5"
	setUp(host + " 7") // both are there for a while
}

func TestALongNameIsCutForItsNumber(t *testing.T) {
	e := testEngine(t, newPeer("one"), testEntropy(t))
	long := strings.Repeat("é", format.MaxDeviceName/2)
	src := t.TempDir()
	write(t, src+"/letter.txt", noise(1, 2_000))
	added(t, e, src)
	backup(t, e)
	must(t, e.RenameDevice(t.Context(), "Laptop", long, ""))
	st, err := e.state(t.Context())
	must(t, err)
	if got, err := st.FreeName(long); err != nil || got != strings.Repeat("é", format.MaxDeviceName/2-1)+" 2" {
		t.Errorf("it is called %q, %v", got, err)
	}
	if got, err := st.FreeName("laptop"); err != nil || got != "laptop" {
		t.Errorf("it is called %q, %v", got, err)
	}
}
