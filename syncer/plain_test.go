package syncer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs"
	"github.com/ipfs/go-cid"
	ipld "github.com/ipfs/go-ipld-format"

	"roost/vault"
	"roost/vault/node"
	"roost/vault/node/nodetest"
	"roost/vault/plain"
)

// plainEngine is an engine whose account has a home of its own.
func plainEngine(t *testing.T, n node.Node) *Engine {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("USERPROFILE", os.Getenv("HOME"))
	return testEngine(t, n, testEntropy(t))
}

// plainSample is a tree with what UnixFS has a place for: large and empty files, a folder of so many long names that it is in
// parts, links, rights and times.
func plainSample(t *testing.T, dir string) {
	t.Helper()
	write(t, dir+"/letter.txt", "dear reader")
	write(t, dir+"/empty", "")
	write(t, dir+"/large", noise(3, 5_000_000))
	write(t, dir+"/again/large", noise(3, 5_000_000))
	for i := range 1000 {
		write(t, fmt.Sprintf("%s/many/%s %d", dir, strings.Repeat("n", 240), i), fmt.Sprint(i))
	}
	must(t, os.MkdirAll(dir+"/nothing in it", 0o700))
	must(t, os.Symlink("../outside/of/it", dir+"/link"))
	must(t, os.Chmod(dir+"/letter.txt", 0o4750))
	must(t, os.Chtimes(dir+"/letter.txt", time.Unix(1_500_000_000, 0), time.Unix(1_500_000_000, 123_000_000)))
}

// looks describes everything below a folder: kinds, rights, and times of files.
func looks(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	must(t, filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			out[rel] = info.Mode().String()
		case d.Type() == fs.ModeSymlink:
			target, err := os.Readlink(p)
			if err != nil {
				return err
			}
			out[rel] = "link to " + target
		default:
			out[rel] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
		}
		return nil
	}))
	return out
}

func sameLooks(t *testing.T, got, want map[string]string) {
	t.Helper()
	for p, w := range want {
		if got[p] != w {
			t.Errorf("%s is %q, was %q", p, got[p], w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d names, there were %d", len(got), len(want))
	}
}

// TestPlainFilesComeIntoTheBackupAndOutAgain: with Kubo itself putting them there and fetching them afterwards.
func TestPlainFilesComeIntoTheBackupAndOutAgain(t *testing.T) {
	d := nodetest.StartKubo(t)
	e := plainEngine(t, d.Node(t))
	src := t.TempDir() + "/photos"
	plainSample(t, src)
	top := strings.TrimSpace(d.Run(t, "add", "-r", "-Q", "--preserve-mode", "--preserve-mtime", "--pin-name", "my photos", src))
	before := d.Run(t, "pin", "ls", "--type=recursive")

	things, err := e.PlainThings(t.Context(), "")
	must(t, err)
	if i := slices.IndexFunc(things, func(x PlainThing) bool { return x.CID == top }); i < 0 || things[i].Name != "my photos" || things[i].Kind != "folder" {
		t.Errorf("the storage holds %+v", things)
	}
	got, err := e.ImportPlain(t.Context(), PlainSource{CID: "/ipfs/" + top, Name: "photos"}, nil)
	must(t, err)
	if got.Files != 1005 || len(got.Skipped) > 0 || !got.Complete || got.CID != top {
		t.Errorf("imported %+v", got)
	}
	if got.NewBytes > 6_000_000 {
		t.Errorf("a file that is there twice was sent twice: %d bytes", got.NewBytes)
	}
	again, err := e.ImportPlain(t.Context(), PlainSource{CID: top, Name: "photos"}, nil)
	must(t, err)
	if !again.Unchanged || again.ID != got.ID {
		t.Errorf("the same once more: %+v", again)
	}
	if after := d.Run(t, "pin", "ls", "--type=recursive"); !strings.Contains(after, top) {
		t.Errorf("what other programs keep was %s, is %s", before, after)
	}
	to := t.TempDir()
	restores(t, e, RestoreOptions{Snapshot: got.ID.String(), To: to, OnConflict: KeepBoth})
	sameContents(t, onDisk(t, to+"/photos"), onDisk(t, src))
	sameLooks(t, looks(t, to+"/photos"), looks(t, src))

	if _, err := e.ExportPlain(t.Context(), PlainTarget{Snapshot: got.ID.String()}, nil); !errors.Is(err, ErrOpen) {
		t.Fatalf("written in the open without being asked: %v", err)
	}
	written, err := e.ExportPlain(t.Context(), PlainTarget{Snapshot: got.ID.String(), Name: "out again", Open: true}, nil)
	must(t, err)
	if written.Files != got.Files || written.Bytes != got.Bytes || len(written.Skipped) > 0 {
		t.Errorf("written %+v", written)
	}
	must(t, d.Node(t).GC(t.Context()))
	pins, err := e.Pins(t.Context(), "")
	must(t, err)
	ours := slices.DeleteFunc(pins, func(p Pin) bool { return p.Ours || p.CID == EmptyFolder || p.CID == top })
	if len(ours) != 1 || ours[0].CID != written.CID || ours[0].Name != "out again" {
		t.Errorf("beside the backup the storage keeps %+v", ours)
	}
	out := t.TempDir() + "/got"
	d.Run(t, "get", "-o", out, written.CID)
	sameContents(t, onDisk(t, out), onDisk(t, src))
	sameLooks(t, looks(t, out), looks(t, src))
	if more, err := e.ExportPlain(t.Context(), PlainTarget{Snapshot: got.ID.String(), Open: true}, nil); err != nil || !more.Already || more.CID != written.CID {
		t.Errorf("the same once more: %+v, %v", more, err)
	}
	verified(t, e)
}

// TestAStoragesOwnFilesBecomeVersions: each look at a path of MFS is one, where something changed.
func TestAStoragesOwnFilesBecomeVersions(t *testing.T) {
	d := nodetest.StartKubo(t)
	e := plainEngine(t, d.Node(t))
	src := t.TempDir()
	write(t, src+"/docs/a.txt", "first")
	cidOf := strings.TrimSpace(d.Run(t, "add", "-r", "-Q", "--pin=false", src+"/docs"))
	d.Run(t, "files", "cp", "/ipfs/"+cidOf, "/docs")
	first, err := e.ImportPlain(t.Context(), PlainSource{Path: "/docs"}, nil)
	must(t, err)
	things, err := e.PlainThings(t.Context(), "storage")
	must(t, err)
	if len(things) != 1 || things[0].Path != "/docs" || things[0].Kind != "folder" {
		t.Errorf("beside the backup, the storage holds %+v", things)
	}
	d.Run(t, "files", "cp", "/ipfs/"+strings.Fields(d.Run(t, "ls", cidOf))[0], "/docs/b.txt")
	second, err := e.ImportPlain(t.Context(), PlainSource{Path: "/docs"}, nil)
	must(t, err)
	if second.Unchanged || second.ID == first.ID || second.Folder != first.Folder {
		t.Errorf("after a change: %+v", second)
	}
	versions, _, err := e.Snapshots(t.Context(), "")
	must(t, err)
	if len(versions) != 2 || versions[0].FolderID != versions[1].FolderID {
		t.Errorf("versions %+v", versions)
	}
	sameContents(t, versionContents(t, e, first.ID), map[string]string{"a.txt": "first"})
	sameContents(t, versionContents(t, e, second.ID), map[string]string{"a.txt": "first", "b.txt": "first"})
	pointers := e.bundle.Keys().PointerDir()
	for _, p := range []string{pointers, "/", "docs", "/docs/", "/none", "/docs/../docs"} {
		if _, err := e.ImportPlain(t.Context(), PlainSource{Path: p}, nil); !errors.Is(err, ErrUsage) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// plainDAG puts nodes on a storage, pinned by nothing.
type plainDAG struct {
	t *testing.T
	n node.Node
}

func (d plainDAG) put(c cid.Cid, data []byte) cid.Cid {
	d.t.Helper()
	must(d.t, d.n.Put(d.t.Context(), []node.Block{{CID: c, Data: data}}))
	return c
}

func (d plainDAG) raw(text string) cid.Cid {
	b := nodetest.Raw([]byte(text))
	return d.put(b.CID, b.Data)
}

func (d plainDAG) dir(links ...*ipld.Link) cid.Cid {
	return d.node(unixfs.NewFSNode(unixfs.TDirectory), links...)
}

func (d plainDAG) node(fs *unixfs.FSNode, links ...*ipld.Link) cid.Cid {
	d.t.Helper()
	n := new(merkledag.ProtoNode)
	must(d.t, n.SetCidBuilder(merkledag.V1CidPrefix()))
	for _, l := range links {
		must(d.t, n.AddRawLink(l.Name, l))
	}
	data, err := fs.GetBytes()
	must(d.t, err)
	n.SetData(data)
	return d.put(n.Cid(), n.RawData())
}

func named2(name string, c cid.Cid) *ipld.Link { return &ipld.Link{Name: name, Cid: c} }

// TestHostilePlainFilesHarmNothing: names that lead elsewhere, blocks that are missing or lie, and a few blocks that are a tree of
// more files than there can be are named, or bounded, and everything else comes in.
func TestHostilePlainFilesHarmNothing(t *testing.T) {
	eachNode(t, func(t *testing.T, n node.Node) {
		e := plainEngine(t, n)
		d := plainDAG{t, n}
		good := d.raw("good")
		gone := nodetest.Raw([]byte("gone")).CID
		lies := unixfs.NewFSNode(unixfs.TFile)
		lies.UpdateFilesize(1 << 40)
		link := unixfs.NewFSNode(unixfs.TSymlink)
		link.SetData([]byte("/etc/passwd\x00"))
		cborish := cid.NewCidV1(cid.DagCBOR, good.Hash())
		top := d.dir(
			named2("good", good), named2("..", good), named2(".", good), named2("", good), named2("a/b", good), named2("/etc/passwd", good),
			named2("nul\x00", good), named2("twice", good), named2("twice", gone), named2("missing", gone),
			named2("lies", d.node(lies, named2("", good))), named2("link", d.node(link)), named2("no file", cborish),
			named2("folder", d.dir(named2("in it", good), named2("missing", gone))), named2("\xff\xfe", good),
		)
		got, err := e.ImportPlain(t.Context(), PlainSource{CID: top.String(), Name: "hostile"}, nil)
		must(t, err)
		sameContents(t, versionContents(t, e, got.ID), map[string]string{"good": "good", "twice": "good", "folder/in it": "good", "\xff\xfe": "good"})
		var named []string
		for _, s := range got.Skipped {
			if !s.Failed || s.Reason == "" {
				t.Errorf("%+v is no failure", s)
			}
			named = append(named, s.Path)
		}
		want := []string{`""`, `"."`, `".."`, `"/etc/passwd"`, `"a/b"`, `"nul\x00"`, "folder/missing", "lies", "link", "missing", "no file", "twice"}
		if !slices.Equal(named, want) {
			t.Errorf("left out are %q, want %q", named, want)
		}

		bomb := d.dir(named2("file", good))
		for range 40 { // 8^40 files
			var links []*ipld.Link
			for i := range 8 {
				links = append(links, named2(fmt.Sprint(i), bomb))
			}
			bomb = d.dir(links...)
		}
		x, err := e.ImportPlain(t.Context(), PlainSource{CID: bomb.String(), Name: "bomb"}, nil)
		must(t, err)
		if x.NewBytes > 0 { // the one file is known from above
			t.Errorf("a folder of the same folders cost %d bytes", x.NewBytes)
		}

		for _, c := range []string{gone.String(), cborish.String(), "no cid", d.put(nodetest.Raw([]byte("x")).CID, []byte("x")).String() + "/x"} {
			if _, err := e.ImportPlain(t.Context(), PlainSource{CID: c}, nil); !errors.Is(err, ErrUsage) {
				t.Errorf("%s: %v", c, err)
			}
		}
		for _, name := range []string{"..", "a/b", `a\b`, "\xff", strings.Repeat("n", 256), "C:"} {
			if _, err := e.ImportPlain(t.Context(), PlainSource{CID: top.String(), Name: name}, nil); !errors.Is(err, ErrUsage) {
				t.Errorf("a folder called %q: %v", name, err)
			}
		}
		verified(t, e)
	})
}

// TestBackupsAreNoPlainFiles: neither one's own nor that of other words is taken for files.
func TestBackupsAreNoPlainFiles(t *testing.T) {
	n := &nodetest.Memory{}
	e := plainEngine(t, n)
	other := testEngine(t, n, testEntropy(t))
	for _, x := range []*Engine{e, other} {
		src := t.TempDir()
		sample(t, src, 1)
		added(t, x, src)
		backup(t, x)
	}
	things, err := e.PlainThings(t.Context(), "")
	must(t, err)
	if len(things) > 0 {
		t.Errorf("files beside two backups: %+v", things)
	}
	pins, err := n.Pins(t.Context())
	must(t, err)
	for _, p := range pins {
		if _, err := e.ImportPlain(t.Context(), PlainSource{CID: p.CID.String()}, nil); !errors.Is(err, ErrUsage) {
			t.Errorf("a backup was imported as files: %v", err)
		}
	}
	if _, err := e.ImportPlain(t.Context(), PlainSource{Path: other.bundle.Keys().PointerDir()}, nil); !errors.Is(err, ErrUsage) {
		t.Errorf("pointers were imported as files: %v", err)
	}
}

// TestAnImportThatWasCutOffSendsTheRestOnly: what the storage has of it already stays there.
func TestAnImportThatWasCutOffSendsTheRestOnly(t *testing.T) {
	m := &nodetest.Memory{}
	f := nodetest.NewFaulty(m, 1)
	e := plainEngine(t, f)
	var list []plain.Link
	w := plain.NewWriter(m.Put)
	for i := range 24 {
		l, err := w.File(t.Context(), 0o644, time.Time{}, func(write func([]byte) error) error { return write([]byte(noise(uint64(i), 5_000_000))) })
		must(t, err)
		l.Name = fmt.Sprint(i)
		list = append(list, l)
	}
	top, err := w.Folder(t.Context(), 0o755, time.Time{}, list)
	must(t, err)
	must(t, w.Flush(t.Context()))
	src := PlainSource{CID: top.CID.String(), Name: "much"}

	ctx, cancel := context.WithCancel(t.Context())
	_, err = e.ImportPlain(ctx, src, func(p Progress) {
		if p.Bytes > 100_000_000 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("it was stopped: %v", err)
	}
	e = reopen(t, e, f)
	got, err := e.ImportPlain(t.Context(), src, nil)
	must(t, err)
	if got.Files != 24 || got.StoredBytes > 100_000_000 {
		t.Errorf("what was sent already is sent again: %+v", got)
	}
	if _, err := e.ImportPlain(t.Context(), src, nil); err != nil {
		t.Error(err)
	}
	must(t, m.GC(t.Context())) // what is only the backup's stays
	verified(t, e)
}

// TestWritingInTheOpenLeavesNothingBehind: cut off at every call to the storage, and after it, what it kept meanwhile is let go of,
// and nothing of the backup or of others is touched.
func TestWritingInTheOpenLeavesNothingBehind(t *testing.T) {
	m := &nodetest.Memory{}
	f := nodetest.NewFaulty(m, 1)
	e := plainEngine(t, f)
	src := t.TempDir()
	for i := range 200 { // several parts of what is sent at once
		write(t, fmt.Sprintf("%s/many/%d", src, i), fmt.Sprint(i))
	}
	write(t, src+"/large", noise(1, 3_000_000))
	write(t, src+"/bad\xff", "a name that is no text")
	added(t, e, src)
	backup(t, e)
	before, err := m.Pins(t.Context())
	must(t, err)
	target := PlainTarget{Snapshot: "latest", Open: true, Name: "open"}
	for n := 1; ; n++ {
		f.Script(nodetest.Fault{Method: "Import", Kind: nodetest.Fail, Call: n})
		_, err := e.ExportPlain(t.Context(), target, nil)
		f.Script()
		pins, perr := m.Pins(t.Context())
		must(t, perr)
		if err == nil {
			break
		}
		if len(pins) != len(before) {
			t.Fatalf("cut off at Import %d: %d pins, there were %d", n, len(pins), len(before))
		}
		if n > 20 {
			t.Fatalf("it never ends: %v", err)
		}
	}
	got, err := e.ExportPlain(t.Context(), target, nil)
	must(t, err)
	if !got.Already || got.Files != 201 || len(got.Skipped) != 1 || got.Skipped[0].Reason != reasonNoText {
		t.Errorf("written %+v", got)
	}
	pins, err := m.Pins(t.Context())
	must(t, err)
	if len(pins) != len(before)+1 || !slices.ContainsFunc(pins, func(p node.Pin) bool { return p.Name == "open" && p.CID.String() == got.CID }) {
		t.Errorf("pins %+v", pins)
	}
	must(t, m.GC(t.Context()))
	item, err := plain.Open(t.Context(), m, mustCID(t, got.CID))
	must(t, err)
	must(t, item.Children(t.Context(), func(c plain.Child) error {
		if c.Name != "large" {
			return nil
		}
		x, err := plain.Open(t.Context(), m, c.CID)
		must(t, err)
		var b bytes.Buffer
		must(t, x.Read(t.Context(), func(p []byte) error { _, err := b.Write(p); return err }))
		if b.String() != noise(1, 3_000_000) {
			t.Errorf("%s came out changed", c.Name)
		}
		return nil
	}, func(err error) { t.Error(err) }))

	must(t, e.home.change(func(c *config) error { c.Nodes[0].Limit = 1; return nil }))
	if _, err := e.ExportPlain(t.Context(), PlainTarget{Snapshot: "latest", Open: true, Path: "large"}, nil); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("beyond the limit: %v", err)
	}
}

func mustCID(t *testing.T, text string) cid.Cid {
	t.Helper()
	c, err := cid.Decode(text)
	must(t, err)
	return c
}
