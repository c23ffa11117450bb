package ui

import (
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"roost/syncer"
	"roost/vault/node/nodetest"
)

// On two real storages: a test restore is made at once and said, and what one of them lost is found, mended and said.
func TestATestRestoreAndAMendedDamageAreSaid(t *testing.T) {
	k, second := keep(t), nodetest.StartKubo(t)
	d := newDesk(t, realEngine{Engine: k.engine}, Storages)
	d.tell(k.engine)
	d.sees("Checks and test restores", "No test restore yet.", "Not checked yet.")
	if err := k.engine.AddNode(t.Context(), syncer.SetupOptions{URL: second.URL, Token: second.Token, NodeName: "Attic"}); err != nil {
		t.Fatal(err)
	}
	d.tapOnly("Test restore now")
	d.sees("Random files are being brought back")
	d.settle()
	d.sees("came back", "Every one passed its checks")
	d.seesNot("Random files are being brought back")
	d.tell(k.engine)
	d.sees("Test restore from Pi just now: ", "Test restore from Attic just now: ")
	d.w.Show(Home)
	d.settle()
	d.sees("Test restore just now: ")

	if _, err := k.engine.Verify(t.Context(), 100, nil); err != nil {
		t.Fatal(err)
	}
	d.w.Show(Storages)
	d.tell(k.engine)
	d.sees("Checked just now: nothing is missing or damaged.")
	for _, c := range packsBehind(t, k, "beach.png") {
		k.kubo.DamageBlock(t, c)
	}
	got, err := k.engine.Verify(t.Context(), 100, nil)
	if err != nil || got.OK || got.Mended == 0 {
		t.Fatalf("the check says %+v, %v", got, err)
	}
	d.tell(k.engine)
	d.sees("found, and mended.")
	d.w.Show(Home)
	d.tell(k.engine)
	d.sees("found, and mended.")
	d.w.Show(Storages)
	d.tap("Test restore now")
	d.sees("Every one passed its checks")

	second.Stop(t)
	d.tap("Test restore now")
	d.sees("Your storage can't be reached")
	d.tap("Close this message")
	if !strings.Contains(d.w.now.Proof.Drills[0].Words(), "came back") {
		t.Error("what was known is lost")
	}
}

// packsBehind are the parts of the storage that a file of the newest version lies in.
func packsBehind(t *testing.T, k *keptFolder, path string) (all []cid.Cid) {
	t.Helper()
	versions, _, err := k.engine.Snapshots(t.Context(), "")
	if err != nil || len(versions) == 0 {
		t.Fatalf("%d versions, %v", len(versions), err)
	}
	details, err := k.engine.Details(t.Context(), versions[0].ID.String(), path)
	if err != nil || len(details.Packs) == 0 {
		t.Fatalf("%+v, %v", details, err)
	}
	for _, p := range details.Packs {
		c, err := cid.Decode(p.CID)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}
