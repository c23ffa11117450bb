package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// forged is a vault that no writer makes: valid seals and signatures around whatever a test wants.
type forged struct {
	*fixtureVault
	registry format.Registry
	ring     []byte
}

// newForged makes devices of an empty vault.
func newForged(t *testing.T, names ...string) (*forged, []*fixtureDevice) {
	t.Helper()
	e := entropy(t)
	f := &forged{fixtureVault: &fixtureVault{t: t, entropy: e, keys: format.DeriveKeys(e, 1)}}
	f.ids = format.NewIDs(f.keys.ChunkID)
	f.out = dump{pointers: map[string]string{}, blocks: map[string][]byte{}}
	var devices []*fixtureDevice
	var certs []*format.Certificate
	for i, name := range names {
		d := f.device(name, byte(i+1))
		devices, certs = append(devices, d), append(certs, d.cert)
		f.registry.Certificates = append(f.registry.Certificates, format.Certify(d.cert, format.RootKey(e)))
	}
	var err error
	if f.ring, err = format.SealKeyring(format.KeyringState{Version: 1, Current: 1}, f.keys, certs, format.RootKey(e)); err != nil {
		t.Fatal(err)
	}
	return f, devices
}

// say publishes a device's first head: a folder with versions, the last made first.
func (f *forged) say(d *fixtureDevice, h *format.Head) {
	f.t.Helper()
	d.flush(format.DataPack, format.MetaPack)
	h.Seq, h.Seconds, h.Registry, h.Loose = 1, 1_700_000_000, f.registry, d.packs
	if h.Folders == nil {
		h.Folders = []format.Folder{{ID: format.FolderID{byte(len("/home"))}, Path: []byte("/home")}}
	}
	d.publish(h, f.ring)
}

// serve is a storage that keeps the vault, and a new device that reads it.
func (f *forged) serve() *writer {
	f.t.Helper()
	m := &nodetest.Memory{}
	for name, data := range f.out.blocks {
		if err := m.Put(f.t.Context(), []node.Block{{CID: cid.MustParse(name), Data: data}}); err != nil {
			f.t.Fatal(err)
		}
	}
	for name, root := range f.out.pointers {
		if err := errors.Join(m.Link(f.t.Context(), f.keys.PointerDir()+"/"+name, cid.MustParse(root)), m.PinAdd(f.t.Context(), cid.MustParse(root), "")); err != nil {
			f.t.Fatal(err)
		}
	}
	return newWriter(f.t, m, f.entropy, "reader")
}

// version is a version of /home with one file.
func version(d *fixtureDevice, seconds int64) format.Summary {
	s, _ := d.snapshot("/home", seconds, true, fixtureFile{
		entry:    format.Entry{Type: format.TypeDir, Mode: 0o755},
		children: []fixtureFile{{name: "file", content: noise(byte(seconds), 3000), entry: format.Entry{Type: format.TypeFile, Mode: 0o644}}},
	})
	return s
}

// listed are the versions that a reader sees, and what it is told of the others.
func listed(t *testing.T, w *writer) (all []vault.Version, said []error) {
	t.Helper()
	st, err := w.v.Refresh(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, said, err = w.v.Listed(t.Context(), st)
	if err != nil {
		t.Fatal(err)
	}
	return all, append(said, st.Damaged...)
}

// verified is what verify finds.
func verified(t *testing.T, w *writer) *vault.Report {
	t.Helper()
	r, err := w.v.Verify(t.Context(), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestAVersionThatItsListDescribesOtherwiseIsDamage: a list cannot pass one version off as another.
func TestAVersionThatItsListDescribesOtherwiseIsDamage(t *testing.T) {
	for what, change := range map[string]func(*format.Summary, *format.Head){
		"nothing":     nil,
		"time":        func(s *format.Summary, _ *format.Head) { s.Seconds++ },
		"nanoseconds": func(s *format.Summary, _ *format.Head) { s.Nanos++ },
		"files":       func(s *format.Summary, _ *format.Head) { s.Files = 5 },
		"bytes":       func(s *format.Summary, _ *format.Head) { s.Bytes++ },
		"complete":    func(s *format.Summary, _ *format.Head) { s.Complete = false },
		"folder": func(_ *format.Summary, h *format.Head) {
			h.Folders = []format.Folder{{ID: format.FolderID{99}, Path: []byte("/home")}}
		},
	} {
		t.Run(what, func(t *testing.T) {
			f, d := newForged(t, "laptop")
			s, h := version(d[0], 1_000), &format.Head{}
			if change != nil {
				change(&s, h)
			}
			h.Snapshots = []format.Summary{s}
			f.say(d[0], h)
			w := f.serve()
			all, said := listed(t, w)
			if len(all) != 1 || len(said) > 0 {
				t.Fatalf("%d versions, %v", len(all), said)
			}
			_, err := w.v.Version(t.Context(), all[0])
			if change == nil && err != nil || change != nil && !errors.Is(err, format.ErrDamaged) {
				t.Errorf("the version is opened with: %v", err)
			}
			r := verified(t, w)
			if (len(r.Problems) > 0) != (change != nil) || len(r.Lost) > 0 {
				t.Errorf("verify finds %v, lost %v", r.Problems, r.Lost)
			}
		})
	}
}

// TestVerifyCountsWhatAVersionHolds: files are all names that are no folders.
func TestVerifyCountsWhatAVersionHolds(t *testing.T) {
	w := newWriter(t, &nodetest.Memory{}, entropy(t), "laptop")
	save := func(files, size uint64, complete bool, at int64) {
		s, err := w.v.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		put := func(k format.Kind, plain []byte) []byte {
			id, _, err := s.Put(k, plain)
			if err != nil {
				t.Fatal(err)
			}
			return id[:]
		}
		file := format.Entry{Name: []byte("file"), Type: format.TypeFile, Size: 4, Chunks: put(format.KindData, []byte("text"))}
		inner := put(format.KindTree, format.EncodeTree(&format.Tree{Entries: []format.Entry{file, {Name: []byte("link"), Type: format.TypeSymlink, Target: []byte("file")}}}))
		top := put(format.KindTree, format.EncodeTree(&format.Tree{Entries: []format.Entry{{Name: []byte("a"), Type: format.TypeDir, Tree: inner}, {Name: []byte("b"), Type: format.TypeDir, Tree: inner}}}))
		_, err = s.Commit(t.Context(), []*format.Snapshot{{
			Version: format.Version, Folder: w.folder, Path: []byte(w.path), Device: w.v.Device(), DeviceName: "laptop", Seconds: at,
			Root: format.Entry{Type: format.TypeDir, Tree: top}, Files: files, Bytes: size, Complete: complete,
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	save(7, 70, false, 1_000) // a checkpoint may be ahead of its tree
	wholeVault(t, w)
	save(4, 8, true, 1_001)
	wholeVault(t, w)
	save(5, 8, true, 1_002)
	save(4, 9, true, 1_003)
	r := verified(t, w)
	if len(r.Problems) != 2 || !strings.Contains(r.Problems[0].Err.Error(), "and holds 4 with 8") || !errors.Is(r.Problems[1].Err, format.ErrDamaged) {
		t.Errorf("verify finds %v", r.Problems)
	}
}

// TestAListThatCannotBeReadHidesNoOther: not those of other devices, and not what else its own head lists.
func TestAListThatCannotBeReadHidesNoOther(t *testing.T) {
	f, d := newForged(t, "laptop", "tower")
	f.say(d[0], &format.Head{Snapshots: []format.Summary{version(d[0], 1_000)}})
	old := d[1].put(format.KindSnapshotList, format.EncodeSummaries([]format.Summary{version(d[1], 1_001)}))
	f.say(d[1], &format.Head{
		Snapshots: []format.Summary{version(d[1], 1_002)}, Older: []format.OlderList{{ID: format.ChunkID{9}, Count: 3}, {ID: old, Count: 1}},
	})
	w := f.serve()
	all, said := listed(t, w)
	if len(all) != 3 || len(said) != 1 || !errors.Is(said[0], vault.ErrMissing) || !strings.Contains(said[0].Error(), `"tower"`) {
		t.Errorf("%d versions are listed, and said is %v", len(all), said)
	}
	if r := verified(t, w); len(r.Problems) != 1 || !errors.Is(r.Problems[0].Err, vault.ErrMissing) {
		t.Errorf("verify finds %v", r.Problems)
	}
}

// TestWhatANewerRoostWroteIsNamedAndTheRestGoesOn: a version, and a pack of metadata, neither of which counts as lost.
func TestWhatANewerRoostWroteIsNamedAndTheRestGoesOn(t *testing.T) {
	f, d := newForged(t, "laptop", "tower")
	good := version(d[0], 1_000)
	newer := good
	newer.ID = d[0].put(format.KindSnapshot, format.EncodeSnapshot(&format.Snapshot{Version: 2}))
	f.say(d[0], &format.Head{Snapshots: []format.Summary{newer, good}})
	d[1].alter = func(typ format.ObjectType, block []byte) []byte {
		if typ != format.MetaPack {
			return block
		}
		return f.reseal(typ, block, func(header, _ []byte) { header[0] = 2 })
	}
	f.say(d[1], &format.Head{Snapshots: []format.Summary{version(d[1], 1_001)}})
	w := f.serve()
	for try := range 2 {
		all, said := listed(t, w)
		if len(all) != 3 || len(said) != 1 || !errors.Is(said[0], format.ErrNewer) || vault.IsDamage(said[0]) {
			t.Errorf("look %d: %d versions are listed, and said is %v", try, len(all), said)
		}
	}
	r := verified(t, w)
	newerOnes := 0
	for _, p := range r.Problems {
		if errors.Is(p.Err, format.ErrNewer) {
			newerOnes++
		}
	}
	if newerOnes < 3 || len(r.Lost) > 0 { // the version, the pack, and the look at it
		t.Errorf("verify finds %v, lost %v", r.Problems, r.Lost)
	}
	if n, err := w.v.LostCount(t.Context()); n > 0 || err != nil {
		t.Errorf("%d packs of a newer Roost count as lost, %v", n, err)
	}
	if files, err := w.files(t.Context(), good.ID); err != nil || len(files) != 1 {
		t.Errorf("beside it: %v, %v", files, err)
	}
}

// TestContentIsReadFromAPackWhosePaddingIsNot: verify names the pack, and what in it passes its own checks is not lost.
func TestContentIsReadFromAPackWhosePaddingIsNot(t *testing.T) {
	f, d := newForged(t, "laptop")
	d[0].alter = func(typ format.ObjectType, block []byte) []byte {
		return f.reseal(typ, block, func(_, padding []byte) { padding[0] = 1 })
	}
	s := version(d[0], 1_000)
	f.say(d[0], &format.Head{Snapshots: []format.Summary{s}})
	w := f.serve()
	read := func(when string) {
		files, err := w.files(t.Context(), s.ID)
		if err != nil || !bytes.Equal(files["file"], noise(byte(1_000%256), 3000)) {
			t.Errorf("%s: %d files, %v", when, len(files), err)
		}
	}
	if _, said := listed(t, w); len(said) > 0 {
		t.Errorf("said is %v", said)
	}
	read("before verify")
	r := verified(t, w)
	if len(r.Lost) != len(d[0].packs) {
		t.Errorf("verify finds %v", r.Problems)
	}
	for _, p := range r.Lost {
		if err := w.v.NoteLost(t.Context(), []format.Digest{p.Digest}); err != nil {
			t.Fatal(err)
		}
	}
	read("after verify")
	w.commit(t, note("of the reader"), 2_000)
	listed(t, w)
	read("after a commit of another device")
}

// TestWhatALostPackStillHoldsIsKeptByTheNextCommit, also of versions that no source has any more: each pack in turn counts as
// lost, those of the index among them.
func TestWhatALostPackStillHoldsIsKeptByTheNextCommit(t *testing.T) {
	e := entropy(t)
	_, _, w, _ := aged(t, e)
	for i := range packsOf(t, w) {
		m, _, w, want := aged(t, e)
		p := packsOf(t, w)[i]
		keptWithout(t, m, e, w, want, p)
	}
	m := &nodetest.Memory{}
	w = newWriter(t, m, e, "laptop")
	want := map[string]map[string][]byte{}
	for i := range 5 {
		files := map[string][]byte{"x": random(uint64(i), 2_100_000)}
		w.commit(t, files, int64(1000+i))
		want[fmt.Sprintf("laptop %d", 1000+i)] = files
	}
	index := 0
	for _, p := range packsOf(t, w) {
		if p.Type == format.IndexPack {
			index++
			keptWithout(t, m, e, w, want, p)
			break
		}
	}
	if index == 0 {
		t.Error("there is no index pack to try")
	}
}

func keptWithout(t *testing.T, m *nodetest.Memory, e format.Entropy, w *writer, want map[string]map[string][]byte, p format.PackInfo) {
	t.Helper()
	if err := w.v.NoteLost(t.Context(), []format.Digest{p.Digest}); err != nil {
		t.Fatal(err)
	}
	all, said := listed(t, w)
	for _, x := range all {
		if _, err := w.files(t.Context(), x.ID); err != nil {
			t.Errorf("version %d: %v", x.Seconds, err)
		}
	}
	if len(all) != len(want) || len(said) > 0 {
		t.Errorf("%d versions of %d, %v", len(all), len(want), said)
	}
	w.commit(t, note("later"), 2000)
	want["laptop 2000"] = note("later")
	wholeVault(t, w)
	collect(t, m)
	sameVersions(t, versionsOf(t, m, e), want)
	if _, err := m.Stat(t.Context(), p.Digest.RawCID()); !errors.Is(err, node.ErrNotFound) {
		t.Errorf("the lost pack is still linked: %v", err)
	}
}

// reseal changes a pack's header and padding under its own keys.
func (f *forged) reseal(typ format.ObjectType, block []byte, change func(header, padding []byte)) []byte {
	f.t.Helper()
	must := func(b []byte, err error) []byte {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
		return b
	}
	out := bytes.Clone(block)
	end := len(out) - 68
	epoch := f.keys.Current()
	prk := must(hkdf.Extract(sha256.New, epoch.Secret[:], out[end:end+32]))
	key := func(label string, n int) []byte { return must(hkdf.Expand(sha256.New, prk, "roost/v1/"+label, n)) }
	seal := func(label string) cipher.AEAD {
		b, err := aes.NewCipher(key(label, 32))
		if err != nil {
			f.t.Fatal(err)
		}
		g, err := cipher.NewGCM(b)
		if err != nil {
			f.t.Fatal(err)
		}
		return g
	}
	data := append([]byte("roost/v1"), f.keys.Vault[:]...)
	data = append(binary.BigEndian.AppendUint32(data, epoch.Number), byte(typ))
	data = append(binary.BigEndian.AppendUint64(data, uint64(len(out))), make([]byte, 32)...)
	nonce := make([]byte, 12)
	start := end - int(binary.BigEndian.Uint32(out[end+64:])^binary.BigEndian.Uint32(key("header-length", 4)))
	header := must(seal("header").Open(nil, nonce, out[start:end], data))
	from := start - int(binary.BigEndian.Uint32(header[8:])) - 16
	padding := must(seal("padding").Open(nil, nonce, out[from:start], data))
	change(header, padding)
	seal("padding").Seal(out[from:from], nonce, padding, data)
	seal("header").Seal(out[start:start], nonce, header, data)
	return out
}
