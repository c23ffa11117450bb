package ignore

import (
	"bytes"
	"slices"
	"strings"
)

// Preset is a set of names that few people want kept, shown among the settings and switched there.
type Preset struct {
	Name    string // in settings, and so for ever
	About   string // what it leaves out, for a person
	Default bool   // on unless switched off

	// Names is what it matches, at any depth. With a slash at the end a name is a directory's, else a file's; a star is
	// first or last. Letters of another case are other letters, but not after "*.".
	Names []string
}

// Presets returns all presets, in the order in which they are shown.
func Presets() []Preset {
	all := slices.Clone(presets)
	for i := range all {
		all[i].Names = slices.Clone(all[i].Names)
	}
	return all
}

// presets names only what a program makes again by itself, or what a person has thrown away: a name that anyone might
// give to something of their own has no place here.
var presets = []Preset{
	{
		Name: "caches", Default: true,
		About: "Caches: what programs fetch or make again by themselves, and folders they marked so with a CACHEDIR.TAG.",
		Names: []string{
			".cache/", ".thumbnails/", ".ccache/", ".sass-cache/", ".parcel-cache/", ".npm/_cacache/", ".gradle/caches/",
			"__pycache__/", ".mypy_cache/", ".pytest_cache/", ".ruff_cache/",
			"Library/Caches/", "AppData/Local/Temp/", "Microsoft/Windows/INetCache/",
			"GPUCache/", "Code Cache/", "ShaderCache/", "GrShaderCache/",
		},
	},
	{
		Name: "trash", Default: true,
		About: "Trash: what was thrown away, and notes that the system keeps beside files and makes again.",
		Names: []string{
			".Trash/", ".Trash-*/", ".Trashes/", ".local/share/Trash/", "$RECYCLE.BIN/", "$Recycle.Bin/",
			".DS_Store", "Thumbs.db", "thumbs.db", "ehthumbs.db",
			".Spotlight-V100/", ".fseventsd/", ".TemporaryItems/", "System Volume Information/",
		},
	},
	{
		Name: "node_modules", Default: true,
		About: "Packages that npm and its kin fetch again.",
		Names: []string{"node_modules/"},
	},
	{
		Name:  "vm-images",
		About: "Disks of virtual machines: large, and written to all the time.",
		Names: []string{
			"*.vmdk", "*.vdi", "*.vhd", "*.vhdx", "*.avhdx", "*.qcow", "*.qcow2", "*.vmem", "*.vmss",
			"*.pvm/", "*.utm/", "*.vmwarevm/", "Docker.raw",
		},
	},
}

var cachePreset = &presets[0]

// CacheTagName is the file by which a directory says that it is a cache (https://bford.info/cachedir/). It is kept
// itself, so that what is restored is a cache again.
const CacheTagName = "CACHEDIR.TAG"

const cacheTag = "Signature: 8a477f597d28d172789f06886806bc55"

// CacheTagSize is how many bytes of a CACHEDIR.TAG IsCacheTag needs.
const CacheTagSize = len(cacheTag)

// IsCacheTag says whether a regular file named CACHEDIR.TAG that begins with head has the signature.
func IsCacheTag(head []byte) bool { return bytes.HasPrefix(head, []byte(cacheTag)) }

// lookup finds the preset of a name without trying one pattern after another: a folder has a million names, and most
// have none.
type lookup struct {
	names      map[string][]entry
	extensions map[string][]entry // lower case, with the dot
	beginnings []entry
}

// entry is one of Preset.Names.
type entry struct {
	preset *Preset
	isDir  bool
	above  string // names that the path of its directory ends with, "/.local/share/"; "": any
	begin  string // in lookup.beginnings, what a name begins with
}

const longestExtension = 16 // bytes with the dot

func (l *lookup) add(p *Preset) {
	if l.names == nil {
		l.names, l.extensions = map[string][]entry{}, map[string][]entry{}
	}
	for _, name := range p.Names {
		name, isDir := strings.CutSuffix(name, "/")
		e := entry{preset: p, isDir: isDir}
		if i := strings.LastIndexByte(name, '/'); i >= 0 {
			e.above, name = "/"+name[:i+1], name[i+1:]
		}
		if extension, ok := strings.CutPrefix(name, "*"); ok {
			l.extensions[extension] = append(l.extensions[extension], e)
		} else if begin, ok := strings.CutSuffix(name, "*"); ok {
			e.begin = begin
			l.beginnings = append(l.beginnings, e)
		} else {
			l.names[name] = append(l.names[name], e)
		}
	}
}

// find returns the preset that leaves out name in d; nil: none.
func (l *lookup) find(d *Dir, name string, isDir bool) *Preset {
	for _, e := range l.names[name] {
		if e.isDir == isDir && e.below(d) {
			return e.preset
		}
	}
	for _, e := range l.beginnings {
		if e.isDir == isDir && strings.HasPrefix(name, e.begin) && e.below(d) {
			return e.preset
		}
	}
	if len(l.extensions) == 0 {
		return nil
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 || len(name)-dot > longestExtension {
		return nil
	}
	var lower [longestExtension]byte
	n := copy(lower[:], name[dot:])
	for i, c := range lower[:n] {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	for _, e := range l.extensions[string(lower[:n])] {
		if e.isDir == isDir && e.below(d) {
			return e.preset
		}
	}
	return nil
}

// below says whether d lies where the entry wants it.
func (e *entry) below(d *Dir) bool {
	return e.above == "" || strings.HasSuffix(d.rules.above+d.path, e.above)
}
