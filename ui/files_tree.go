package ui

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// filesTree is every kept folder with the folders in it, each read when it is opened, as of its newest version.
type filesTree struct {
	root  *fyne.Container
	w     *Window
	tree  *kit.Tree
	open  func(place)
	tops  []string
	nodes map[string]*treeNode // by the id that the tree knows
	many  bool                 // several devices: their names are said
}

// treeNode is one folder of the tree.
type treeNode struct {
	at       place
	children []string // ids; one that only says something while it is read, or could not be
	asked    bool
	says     string // of a node that is no folder
}

func newFilesTree(w *Window, open func(place)) *filesTree {
	t := &filesTree{w: w, open: open, nodes: map[string]*treeNode{}}
	t.tree = kit.NewTree(lang.L("Folders that are kept"), t.childrenOf, func(id string) bool { return id == "" || t.nodes[id] != nil && t.nodes[id].says == "" }, t.cell)
	t.tree.OnBranchOpened = t.read
	t.tree.OnSelected = func(id string) {
		if n := t.nodes[id]; n != nil && n.says == "" {
			t.open(n.at)
		}
		t.tree.UnselectAll() // so that it can be opened again after looking elsewhere
	}
	t.root = container.NewStack(t.tree)
	return t
}

func (t *filesTree) childrenOf(id string) []string {
	if id == "" {
		return t.tops
	}
	if n := t.nodes[id]; n != nil {
		return n.children
	}
	return nil
}

func (t *filesTree) cell(id string) kit.Cell {
	n := t.nodes[id]
	switch {
	case n == nil:
		return kit.Cell{}
	case n.says != "":
		return kit.Cell{Text: n.says}
	case n.at.path == "" && t.many:
		return kit.Cell{Icon: folderGlyph(n.at.folder), Tone: kit.Accent, Text: lang.L("{{.Folder}} on {{.Device}}", values{
			"Folder": n.at.name(), "Device": kit.Shown(n.at.device),
		})}
	case n.at.path == "":
		return kit.Cell{Icon: folderGlyph(n.at.folder), Tone: kit.Accent, Text: n.at.name()}
	}
	return kit.Cell{Icon: "folder", Tone: kit.Accent, Text: n.at.name()}
}

// set shows other folders. What was read of a version that still is the newest stays.
func (t *filesTree) set(known timeline) {
	t.tops = nil
	t.many = len(known.devices()) > 1
	current := map[string]bool{}
	for _, p := range known.folders {
		current[p.version] = true
		t.tops = append(t.tops, t.node(p))
	}
	for id, n := range t.nodes {
		if !current[n.at.version] {
			delete(t.nodes, id)
		}
	}
	t.tree.Refresh()
}

// node makes the node of a folder, if there is none yet, and returns its id.
func (t *filesTree) node(p place) string {
	id := p.version + "/" + p.path
	if t.nodes[id] == nil {
		t.nodes[id] = &treeNode{at: p}
		t.say(id, lang.L("One moment"))
	}
	return id
}

// say puts words where the folders of a node will be.
func (t *filesTree) say(id, text string) {
	line := id + "\x00"
	t.nodes[line] = &treeNode{at: t.nodes[id].at, says: text}
	t.nodes[id].children = []string{line}
}

// read asks for the folders in one, the first time that it is opened.
func (t *filesTree) read(id string) {
	n := t.nodes[id]
	if n == nil || n.asked {
		return
	}
	n.asked = true
	var items []syncer.Item
	t.w.do(func(ctx context.Context) (err error) {
		items, err = t.w.engine.Children(ctx, n.at.version, n.at.path)
		return err
	}, func(err error) {
		if t.nodes[id] != n {
			return // a newer version took its place meanwhile
		}
		switch folders := slices.DeleteFunc(items, func(x syncer.Item) bool { return !x.IsFolder() }); {
		case err != nil && len(folders) == 0:
			n.asked = false // opening it again asks again
			t.say(id, translated(problemOf(err).Title))
		case len(folders) == 0:
			t.say(id, lang.L("No folders in it"))
		default:
			n.children = nil
			for _, x := range folders {
				n.children = append(n.children, t.node(n.at.below(x.Path)))
			}
			slices.SortFunc(n.children, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
		}
		t.tree.Refresh()
	})
}
