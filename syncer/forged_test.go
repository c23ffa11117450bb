package syncer

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"errors"
	"os"
	"testing"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// forge publishes the first head of one more device, with valid seals and signatures: a folder /was/here with one version,
// which change may describe otherwise. wrong puts it under a pointer's name that is not its own.
func forge(t *testing.T, m *nodetest.Memory, secret format.Entropy, seed byte, wrong bool, change func(*format.Head)) {
	t.Helper()
	k, root := format.DeriveKeys(secret, 1), format.RootKey(secret)
	sign := ed25519.NewKeyFromSeed(append(make([]byte, 31), seed))
	seal, err := ecdh.X25519().NewPrivateKey(append(make([]byte, 31), seed))
	must(t, err)
	cert := &format.Certificate{Vault: k.Vault, Sign: sign.Public().(ed25519.PublicKey), Seal: seal.PublicKey().Bytes(), Name: "tower", Seconds: 1}
	put := func(c uint64, data []byte) format.Link {
		l := format.Link{Codec: c, Digest: format.Sum(data), Total: uint64(len(data))}
		if c == cid.Raw {
			l.File = l.Total
		}
		must(t, m.Put(t.Context(), []node.Block{{CID: l.CID(), Data: data}}))
		return l
	}
	b, ids := format.NewBuilder(format.MetaPack), format.NewIDs(k.ChunkID)
	add := func(kind format.Kind, plain []byte) format.ChunkID {
		id := ids.ID(kind, plain)
		b.Add(kind, id, len(plain), false, plain)
		return id
	}
	tree := add(format.KindTree, format.EncodeTree(&format.Tree{}))
	snap := add(format.KindSnapshot, format.EncodeSnapshot(&format.Snapshot{
		Version: format.Version, Folder: format.FolderID{seed}, Path: []byte("/was/here"), Device: cert.Device(), DeviceName: "tower", Seconds: int64(seed),
		Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: tree[:]}, Complete: true,
	}))
	pack, err := b.Seal(k.Vault, k.Current(), b.PaddedSize(format.MinPackSize))
	must(t, err)
	packs := put(cid.Raw, pack)
	loose := format.PackInfo{Digest: packs.Digest, Type: format.MetaPack, Size: uint32(len(pack))}
	for range format.SpineDepth {
		up := put(cid.DagProtobuf, format.EncodeFile([]format.Link{packs}))
		up.File, up.Total = packs.File, up.Total+packs.Total
		packs = up
	}
	ring, err := format.SealKeyring(format.KeyringState{Version: 1, Current: 1}, k, []*format.Certificate{cert}, root)
	must(t, err)
	keys := put(cid.Raw, ring)
	h := &format.Head{
		Vault: k.Vault, Device: cert.Device(), Seq: 1, Seconds: 1_700_000_000, Packs: packs.Digest, Keys: keys.Digest, MinReader: 1,
		Registry:  format.Registry{Certificates: []format.Certified{format.Certify(cert, root)}},
		Folders:   []format.Folder{{ID: format.FolderID{seed}, Path: []byte("/was/here")}},
		Snapshots: []format.Summary{{ID: snap, Seconds: int64(seed), Complete: true}}, Loose: []format.PackInfo{loose},
	}
	if change != nil {
		change(h)
	}
	block, _, err := format.SealHead(h, sign, k.Vault, k.Current())
	must(t, err)
	top := put(cid.DagProtobuf, format.EncodeRoot(format.Root{Packs: packs, Keys: keys, Head: put(cid.Raw, block)}))
	name := k.PointerName(cert.Device(), 1)
	if wrong {
		name = k.PointerName(cert.Device(), 2)
	}
	must(t, m.Link(t.Context(), k.PointerDir()+"/"+name, top.CID()))
	must(t, m.PinAdd(t.Context(), top.CID(), ""))
}

// damageOf is what Damage says.
func damageOf(t *testing.T, e *Engine) []Problem {
	t.Helper()
	all, err := e.Damage(t.Context())
	must(t, err)
	return all
}

// TestADamagedListOrStateHidesNoOtherVersion: what cannot be used is named by its device, also in the status, and what can
// be is listed.
func TestADamagedListOrStateHidesNoOtherVersion(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	forge(t, m, secret, 1, false, nil)
	forge(t, m, secret, 2, false, func(h *format.Head) { h.Older = []format.OlderList{{ID: format.ChunkID{9}, Count: 3}} })
	forge(t, m, secret, 3, true, nil)
	versions, stale, err := e.Snapshots(t.Context(), "")
	must(t, err)
	if len(versions) != 2 || stale {
		t.Errorf("listed %v, stale %v", versions, stale)
	}
	all, err := e.Devices(t.Context())
	must(t, err)
	if len(all) != 3 { // and this one; of the refused one nothing is believed
		t.Errorf("devices %+v", all)
	}
	found := damageOf(t, e)
	if len(found) != 2 || found[0].Code != "damaged" || found[1].Code != "missing" || found[0].Detail == "" || found[1].Exit != ExitDamage {
		t.Fatalf("said is %+v", found)
	}
	if want := `Older versions of "tower"`; len(found[1].Detail) < len(want) || found[1].Detail[:len(want)] != want {
		t.Errorf("the list is named as %q", found[1].Detail)
	}
	codes := map[string]bool{}
	for _, p := range e.Status(t.Context()).Problems {
		codes[p.Code] = true
	}
	if !codes["damaged"] || !codes["missing"] {
		t.Errorf("the status says %v", codes)
	}
	st, err := vault.Find(t.Context(), m, e.bundle)
	must(t, err)
	if problems := named(refused(st)); len(problems) != 1 || problems[0].Detail != found[0].Detail {
		t.Errorf("recovering says %+v", problems)
	}
}

// TestWhereNothingCanBeListedThatIsTheError, rather than that there is no version yet.
func TestWhereNothingCanBeListedThatIsTheError(t *testing.T) {
	m, secret := &nodetest.Memory{}, testEntropy(t)
	e := testEngine(t, m, secret)
	if versions, _, err := e.Snapshots(t.Context(), ""); len(versions) > 0 || err != nil {
		t.Errorf("on an empty storage: %v, %v", versions, err)
	}
	forge(t, m, secret, 3, true, nil)
	versions, _, err := e.Snapshots(t.Context(), "")
	if len(versions) > 0 || Describe(err).Exit != ExitDamage {
		t.Errorf("listed %v, %v", versions, err)
	}
}

// TestAVersionThatItsListDescribesOtherwiseIsNotRestored: another one beside it is.
func TestAVersionThatItsListDescribesOtherwiseIsNotRestored(t *testing.T) {
	for what, change := range map[string]func(*format.Head){
		"time":     func(h *format.Head) { h.Snapshots[0].Seconds++ },
		"files":    func(h *format.Head) { h.Snapshots[0].Files = 5 },
		"bytes":    func(h *format.Head) { h.Snapshots[0].Bytes = 5 },
		"complete": func(h *format.Head) { h.Snapshots[0].Complete = false },
		"folder":   func(h *format.Head) { h.Folders[0].ID = format.FolderID{77} },
	} {
		t.Run(what, func(t *testing.T) {
			m, secret := &nodetest.Memory{}, testEntropy(t)
			e := testEngine(t, m, secret)
			forge(t, m, secret, 1, false, change)
			_, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: t.TempDir()}, nil)
			if !errors.Is(err, format.ErrDamaged) || Describe(err).Exit != ExitDamage {
				t.Errorf("the version is restored with: %v", err)
			}
			if c, err := e.Verify(t.Context(), 100, nil); err != nil || c.OK {
				t.Errorf("verify finds %+v, %v", c, err)
			}
			forge(t, m, secret, 2, false, nil)
			r, err := e.Restore(t.Context(), RestoreOptions{Snapshot: "latest", To: t.TempDir()}, nil)
			must(t, err)
			if len(r.Targets) != 1 || len(r.Failed) != 1 || !r.Failed[0].Damage {
				t.Errorf("restored %+v", r)
			}
		})
	}
}

// TestAfterSomethingWasForgottenTheVersionSaysWhatItHolds, links among it.
func TestAfterSomethingWasForgottenTheVersionSaysWhatItHolds(t *testing.T) {
	s := saving(t, func(dir string) {
		write(t, dir+"/kept", "kept")
		write(t, dir+"/old/file", "content")
		must(t, os.Symlink("file", dir+"/old/link"))
	})
	_, err := s.owner.Forget(t.Context(), ForgetOptions{Path: s.src + "/old", Now: true}, nil)
	must(t, err)
	versions, _, err := s.owner.Snapshots(t.Context(), "")
	must(t, err)
	if len(versions) != 1 || versions[0].Files != 1 || versions[0].Bytes != 4 {
		t.Errorf("listed %+v", versions)
	}
	if c, err := s.owner.Verify(t.Context(), 100, nil); err != nil || !c.OK {
		t.Errorf("verify finds %+v, %v", c, err)
	}
}
