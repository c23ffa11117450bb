package vault

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
)

// Survey says what the versions of all devices hold and what they cost. Bytes of packs are told apart by the plaintext in
// them, so they are shares rather than exact; counts and plaintext are exact.
type Survey struct {
	Heads []format.Digest // the states that it is about, sorted
	Time  time.Time       // when it was made

	Newest, Older Holding // what the newest complete version of each folder needs; what only other versions need
	Versions      int     // of all folders
	Logical       int64   // bytes of files in all versions, as if each were kept on its own

	// Unneeded is what a Prune that removes no version would free: bytes of this device's packs that no version needs any
	// more and that are worth writing anew.
	Unneeded int64
	Index    int64 // bytes of the packs that say where everything is

	Folders []FolderSurvey // by device and path
	Files   []Large        // the largest of the newest versions, largest first
	Dirs    []Large        // likewise, with all that is in them

	Incomplete bool // something could not be read, and is not counted
}

// Holding is one part of what is stored.
type Holding struct {
	Logical int64 // bytes of files, each as often as it is there; 0 of Older
	Content int64 // bytes of different content
	Stored  int64 // bytes of packs that this takes
	Meta    int64 // those of Stored that hold names and lists
}

// FolderSurvey is what one folder's versions hold. Content that folders share counts for the first that has it.
type FolderSurvey struct {
	ID       format.FolderID
	Device   format.DeviceID
	Path     []byte
	Versions int
	Newest   int64 // bytes of content that the newest complete version needs
	Older    int64 // bytes of content that only other versions need
}

// Large is a file or directory of the newest version of a folder.
type Large struct {
	Device format.DeviceID
	Folder []byte // path of the folder
	Path   []byte // within it
	Bytes  int64
	Files  int64
}

// mostLarge is how many files, and how many directories, a survey names.
const mostLarge = 50

// Current tells whether a survey is about a state as the storage serves it now.
func (x *Survey) Current(st *State) bool { return slices.Equal(x.Heads, headsOf(st)) }

func headsOf(st *State) []format.Digest {
	out := make([]format.Digest, 0, len(st.Heads))
	for _, h := range st.Heads {
		out = append(out, h.Hash)
	}
	slices.SortFunc(out, func(a, b format.Digest) int { return slices.Compare(a[:], b[:]) })
	return out
}

// Survey looks through the versions of a state that Refresh returned: it reads their folders and lists, each once, and no
// content. What is damaged is left out and said. It trusts the catalog, and so decides nothing.
func (v *Vault) Survey(ctx context.Context, st *State, report Progress) (*Survey, error) {
	if report == nil {
		report = func(int64, int64) {}
	}
	all, err := v.Versions(ctx, st)
	if err != nil {
		return nil, err
	}
	s := &surveyor{v: v, out: Survey{Heads: headsOf(st), Time: time.Now().UTC(), Versions: len(all)}, sums: map[format.ChunkID]size{}}
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	newest, older := s.folders(all)
	done, total := int64(0), int64(len(all))
	for _, list := range [][]Version{newest, older} {
		for _, x := range list {
			if err := s.version(ctx, x); err != nil {
				return nil, fmt.Errorf("look at version %.12s: %w", x.ID, err)
			}
			done++
			report(done, total)
		}
		s.older = true
	}
	s.finish()
	return &s.out, nil
}

// size is what a directory holds.
type size struct{ bytes, files int64 }

// surveyor is one survey on its way.
type surveyor struct {
	v     *Vault
	out   Survey
	x     inventory
	use   []classes // beside x.packs
	own   []bool    // beside x.packs: this device's root links it
	older bool      // the newest versions are through
	sums  map[format.ChunkID]size
	at    *FolderSurvey // of the version that is looked at
}

// classes is the needed plaintext of a pack, in bytes, and how many chunks that is.
type classes struct {
	newest, older int64
	chunks        int
}

// load takes what the catalog knows of packs and chunks.
func (s *surveyor) load(ctx context.Context) error {
	rows := map[int64]uint32{}
	for p, err := range s.v.cat.Packs(ctx) {
		if err != nil {
			return err
		}
		if format.ObjectType(p.Type) == format.IndexPack {
			s.out.Index += int64(p.Size)
			continue
		}
		rows[p.No] = uint32(len(s.x.packs))
		s.x.packs = append(s.x.packs, packUse{info: packInfo(p)})
		s.own = append(s.own, p.Linked)
	}
	_, chunks, err := s.v.cat.Counts(ctx)
	if err != nil {
		return err
	}
	s.x.chunks = make([]format.IndexEntry, 0, chunks)
	for p, err := range s.v.cat.Places(ctx) {
		if err != nil {
			return err
		}
		if row, ok := rows[p.Pack]; ok { // else it came or went meanwhile
			s.x.packs[row].chunks++
			s.x.chunks = append(s.x.chunks, format.IndexEntry{Prefix: catalog.ChunkID(p.ID), Pack: row})
		}
	}
	s.x.alive = make([]uint32, len(s.x.chunks))
	s.x.ordered = true
	s.use = make([]classes, len(s.x.packs))
	return nil
}

// folders tells the newest complete version of each folder from the others, and counts both.
func (s *surveyor) folders(all []Version) (newest, older []Version) {
	type key struct {
		device format.DeviceID
		folder format.FolderID
	}
	at := map[key]int{}
	complete := map[key]bool{}
	for _, x := range all { // newest first
		k := key{x.Device, x.FolderID}
		i, ok := at[k]
		if !ok {
			i = len(s.out.Folders)
			at[k] = i
			s.out.Folders = append(s.out.Folders, FolderSurvey{ID: x.FolderID, Device: x.Device, Path: x.Path})
		}
		s.out.Folders[i].Versions++
		s.out.Logical = addUp(s.out.Logical, x.Bytes)
		if x.Complete && !complete[k] {
			complete[k] = true
			newest = append(newest, x)
			s.out.Newest.Logical = addUp(s.out.Newest.Logical, x.Bytes)
		} else {
			older = append(older, x)
		}
	}
	return newest, older
}

// addUp stays at the largest number where the sum is beyond it.
func addUp(sum int64, n uint64) int64 {
	if n > uint64(1<<62) || sum > 1<<62 {
		return 1 << 62
	}
	return sum + int64(n)
}

func (s *surveyor) version(ctx context.Context, x Version) error {
	i := slices.IndexFunc(s.out.Folders, func(f FolderSurvey) bool { return f.ID == x.FolderID && f.Device == x.Device })
	s.at = &s.out.Folders[i]
	plain, err := s.visit(ctx, format.KindSnapshot, x.ID)
	if plain == nil || err != nil {
		return err
	}
	snap, err := format.DecodeSnapshot(plain)
	if err != nil {
		return s.damage(err)
	}
	_, err = s.tree(ctx, snap.Root.Tree, "", 0, 0)
	return err
}

// damage notes that something cannot be counted; what is no damage is returned.
func (s *surveyor) damage(err error) error {
	if err == nil || !Unusable(err) {
		return err
	}
	s.out.Incomplete = true
	return nil
}

// mark counts a chunk that is needed; fresh when it was not met before.
func (s *surveyor) mark(id format.ChunkID, n uint64, data bool) (fresh bool, err error) {
	from, to := s.x.places(id.Prefix())
	if from == to {
		return false, fmt.Errorf("%w: chunk %s is in no pack", ErrMissing, id)
	}
	if s.x.alive[from] != 0 {
		return false, nil
	}
	s.x.alive[from] = 1
	bytes := int64(min(n, format.MaxChunk))
	for _, c := range s.x.chunks[from:to] { // each of the packs takes room for it
		u := &s.use[c.Pack]
		u.chunks++
		if s.older {
			u.older += bytes
		} else {
			u.newest += bytes
		}
	}
	if data && s.older {
		s.out.Older.Content += bytes
		s.at.Older += bytes
	} else if data {
		s.out.Newest.Content += bytes
		s.at.Newest += bytes
	}
	return true, nil
}

// visit reads and counts a chunk of metadata; nil when it was met before, and so was all below it, or is damaged.
func (s *surveyor) visit(ctx context.Context, k format.Kind, id format.ChunkID) ([]byte, error) {
	if s.x.marked(id) {
		return nil, nil
	}
	m := marker{s.v, &s.x}
	plain, err := m.read(ctx, k, id)
	if err == nil {
		_, err = s.mark(id, uint64(len(plain)), false)
	}
	if err != nil {
		return nil, s.damage(err)
	}
	return plain, nil
}

// tree counts a node of a directory, and returns what the directory holds there.
func (s *surveyor) tree(ctx context.Context, id []byte, path string, level, depth int) (sum size, err error) {
	if len(id) != len(format.ChunkID{}) || level > format.MaxTreeLevel || depth > format.MaxDepth {
		return sum, s.damage(fmt.Errorf("%w: a folder at level %d, depth %d", format.ErrDamaged, level, depth))
	}
	if known, ok := s.sums[format.ChunkID(id)]; ok {
		return known, nil
	}
	plain, err := s.visit(ctx, format.KindTree, format.ChunkID(id))
	if plain == nil || err != nil {
		return sum, err
	}
	t, err := format.DecodeTree(plain)
	if err != nil {
		return sum, s.damage(err)
	}
	for _, b := range t.Branches {
		part, err := s.tree(ctx, b.Node, path, level+1, depth)
		if err != nil {
			return sum, err
		}
		sum.add(part)
	}
	for i := range t.Entries {
		part, err := s.entry(ctx, &t.Entries[i], path, depth)
		if err != nil {
			return sum, err
		}
		sum.add(part)
	}
	if !s.older {
		s.sums[format.ChunkID(id)] = sum
	}
	return sum, nil
}

func (z *size) add(o size) { z.bytes, z.files = z.bytes+o.bytes, z.files+o.files }

func (s *surveyor) entry(ctx context.Context, e *format.Entry, dir string, depth int) (sum size, err error) {
	at := func() string { return strings.TrimPrefix(dir+"/"+string(e.Name), "/") }
	switch e.Type {
	case format.TypeDir:
		path := ""
		if !s.older {
			path = at()
		}
		if sum, err = s.tree(ctx, e.Tree, path, 0, depth+1); err == nil && !s.older {
			s.out.Dirs = s.large(s.out.Dirs, path, sum)
		}
	case format.TypeFile:
		sum = size{int64(min(e.Size, 1<<62)), 1}
		if !s.older && belongs(s.out.Files, sum.bytes) {
			s.out.Files = s.large(s.out.Files, at(), sum)
		}
		err = s.file(ctx, e)
	case format.TypeSymlink:
		sum.files = 1
	}
	return sum, err
}

// large keeps the largest.
func (s *surveyor) large(list []Large, path string, z size) []Large {
	if !belongs(list, z.bytes) {
		return list
	}
	x := Large{Device: s.at.Device, Folder: s.at.Path, Path: []byte(path), Bytes: z.bytes, Files: z.files}
	i, _ := slices.BinarySearchFunc(list, x, func(a, b Large) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return slices.Insert(list, i, x)[:min(len(list)+1, mostLarge)]
}

func belongs(list []Large, bytes int64) bool {
	return bytes > 0 && (len(list) < mostLarge || list[len(list)-1].Bytes < bytes)
}

func (s *surveyor) file(ctx context.Context, e *format.Entry) error {
	n := e.Size
	for _, h := range e.Holes {
		n -= min(n, h.Len)
	}
	if count := uint64(len(e.Chunks) / len(format.ChunkID{})); count > 0 {
		rest := n
		for ids := e.Chunks; len(ids) >= len(format.ChunkID{}); ids = ids[len(format.ChunkID{}):] {
			part := rest / count // of several, only the sum is known
			rest, count = rest-part, count-1
			if _, err := s.mark(format.ChunkID(ids[:len(format.ChunkID{})]), part, true); s.damage(err) != nil {
				return err
			}
		}
	}
	if len(e.List) != len(format.ChunkID{}) {
		return nil
	}
	return s.list(ctx, format.ChunkID(e.List), format.MaxListLevel)
}

// list counts what a list holds, which is of that level at most.
func (s *surveyor) list(ctx context.Context, id format.ChunkID, most int) error {
	plain, err := s.visit(ctx, format.KindList, id)
	if plain == nil || err != nil {
		return err
	}
	level, items, err := format.DecodeList(plain)
	if err == nil && level > most {
		err = fmt.Errorf("%w: a list within a list of its own level", format.ErrDamaged)
	}
	if err != nil {
		return s.damage(err)
	}
	for _, it := range items {
		if level > 0 {
			err = s.list(ctx, it.ID, level-1)
		} else if _, err = s.mark(it.ID, it.Size, true); err != nil {
			err = s.damage(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// finish turns what is needed of each pack into bytes on the storage.
func (s *surveyor) finish() {
	for row, p := range s.x.packs {
		u, bytes := s.use[row], float64(p.info.Size)
		live := float64(u.newest + u.older)
		share := 0.0
		if p.chunks > 0 {
			share = float64(u.chunks) / float64(p.chunks)
		}
		if s.own[row] && p.chunks > 0 && share < 0.5 { // Prune writes anew what is needed of such a pack
			s.out.Unneeded += int64(bytes * (1 - share))
		}
		if live == 0 {
			continue
		}
		newest := int64(bytes * share * float64(u.newest) / live)
		older := int64(bytes*share) - newest
		s.out.Newest.Stored += newest
		s.out.Older.Stored += older
		if p.info.Type == format.MetaPack {
			s.out.Newest.Meta += newest
			s.out.Older.Meta += older
		}
	}
	slices.SortFunc(s.out.Folders, func(a, b FolderSurvey) int {
		return cmp.Or(slices.Compare(a.Device[:], b.Device[:]), slices.Compare(a.Path, b.Path), slices.Compare(a.ID[:], b.ID[:]))
	})
}
