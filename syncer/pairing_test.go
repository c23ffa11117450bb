package syncer

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"roost/vault"
	"roost/vault/node/code"
	"roost/vault/node/nodetest"
)

// setUpIn makes and opens a home on a real Kubo.
func setUpIn(t *testing.T, how SetupOptions) (*Engine, *SetupResult) {
	t.Helper()
	opts := Options{Home: t.TempDir(), Keys: fileKey{path: t.TempDir() + "/key"}}
	made, err := Setup(t.Context(), opts, how)
	must(t, err)
	e, err := Open(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, made
}

// TestAnotherComputerLetsThisOneIn: on a real Kubo, from the code to a restore and a backup of its own. Both screens show the same
// words, the recovery words stay where they are, and whoever carries the letters reads no key in them.
func TestAnotherComputerLetsThisOneIn(t *testing.T) {
	k := nodetest.StartKubo(t)
	laptop, made := setUpIn(t, SetupOptions{URL: k.URL, Token: k.Token, Device: "Laptop", NodeName: "Pi"})
	src := t.TempDir()
	write(t, src+"/letter.txt", noise(1, 200_000))
	added(t, laptop, src)
	backup(t, laptop)

	asks, err := NewApplicant("Tablet")
	must(t, err)
	picture, err := code.PNG(asks.Code)
	must(t, err)
	asked, err := ReadAsking(picture)
	must(t, err)
	if asked.Name != "Tablet" || asked.Words != asks.Words || asked.Code != asks.Code || time.Until(asks.Until) > 10*time.Minute {
		t.Errorf("the one shows %+v, the other %+v", asks, asked)
	}
	in, err := laptop.LetIn(t.Context(), asked.Code)
	must(t, err)
	if picture, err = code.PNG(in.Code); err != nil {
		t.Fatalf("the answer of %d letters makes no picture: %v", len(in.Code), err)
	}
	joined, err := asks.Join(picture)
	must(t, err)
	if joined.Words != in.Words || in.Words == asks.Words || in.Storages != 0 || len(joined.Storages) != 0 {
		t.Errorf("the one shows %+v, the other %+v", joined, in)
	}
	letters := ""
	for l, text := range map[code.Letter]string{code.Asking: asks.Code, code.Answer: in.Code} {
		b, err := l.Read(text)
		must(t, err)
		letters += string(b)
	}
	keys := laptop.bundle.Keys()
	for _, secret := range []string{string(keys.Outer[:]), string(keys.Epochs[0].Secret[:]), string(keys.Locator[:]), k.Token} {
		if strings.Contains(letters, secret) {
			t.Error("a key can be read on the way")
		}
	}

	tablet, _ := setUpIn(t, SetupOptions{URL: k.URL, Token: k.Token, Joined: joined})
	if tablet.Device() != "Tablet" || tablet.Fingerprint() != made.Fingerprint {
		t.Errorf("it is %q of the backup %q", tablet.Device(), tablet.Fingerprint())
	}
	if _, err := tablet.Words(t.Context()); !errors.Is(err, vault.ErrNoWords) {
		t.Errorf("the words came along: %v", err)
	}
	if err := tablet.Replace(t.Context(), "Laptop"); !errors.Is(err, vault.ErrNoWords) {
		t.Errorf("it promises to retire the other one, for which it needs the words: %v", err)
	}
	to := t.TempDir()
	_, err = tablet.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil)
	must(t, err)
	if got := onDisk(t, to); len(got) != 1 {
		t.Errorf("what came back: %d files", len(got))
	}
	own := t.TempDir()
	write(t, own+"/photo", noise(2, 100_000))
	added(t, tablet, own)
	backup(t, tablet)
	all, err := laptop.Devices(t.Context())
	must(t, err)
	i := slices.IndexFunc(all, func(d DeviceInfo) bool { return d.Name == "Tablet" })
	if i < 0 || all[i].IntroducedBy != "Laptop" || all[i].Versions != 1 {
		t.Errorf("the devices are %+v", all)
	}

	late, err := NewApplicant("Phone")
	must(t, err)
	for what, c := range map[string]struct {
		by   *Engine
		code string
		want error
	}{
		"a used code":                        {laptop, asks.Code, vault.ErrLetIn},
		"one that was let in lets others in": {tablet, late.Code, vault.ErrIntroduced},
		"an answer in place of a code":       {laptop, in.Code, code.ErrOtherKind},
		"half a code":                        {laptop, late.Code[:40], code.ErrTruncated},
	} {
		if _, err := c.by.LetIn(t.Context(), c.code); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := late.Join([]byte(in.Code)); !errors.Is(err, vault.ErrOtherAnswer) {
		t.Errorf("the answer to another code: %v", err)
	}
}

// TestTheAnswerTellsOfTheStoragesThatCanBeReachedFromElsewhere, with their keys; not of one in this computer.
func TestTheAnswerTellsOfTheStoragesThatCanBeReachedFromElsewhere(t *testing.T) {
	n := &nodetest.Memory{}
	e := testEngine(t, n, testEntropy(t))
	pin := strings.Repeat("ab", 32)
	e.home.cfg.Nodes = []nodeConfig{
		{Name: "storage", URL: "http://127.0.0.1:1"},
		{Name: "Pi", URL: "https://pi:5443", Addresses: []string{"https://192.0.2.7:5443"}, Fingerprint: pin},
		{Name: "Attic", URL: "http://attic:5001", AllowHTTP: true},
		{Name: "Drive", Dir: "/media/drive"},
	}
	e.bundle.SetToken("Pi", "bearer:abc")
	asks, err := NewApplicant("Tablet")
	must(t, err)
	in, err := e.LetIn(t.Context(), asks.Code)
	must(t, err)
	joined, err := asks.Join([]byte(in.Code))
	must(t, err)
	if in.Storages != 2 || len(joined.Storages) != 2 {
		t.Fatalf("told of %d, heard of %+v", in.Storages, joined.Storages)
	}
	pi, attic := joined.Storages[0], joined.Storages[1]
	if pi.URL != "https://pi:5443" || !slices.Equal(pi.Addresses, []string{"https://192.0.2.7:5443"}) || pi.Fingerprint != pin || pi.Token != "bearer:abc" || pi.AllowHTTP || pi.Joined != joined {
		t.Errorf("the first is %+v", pi)
	}
	if attic.URL != "http://attic:5001" || !attic.AllowHTTP || attic.NodeName != "Attic" {
		t.Errorf("the second is %+v", attic)
	}
}
