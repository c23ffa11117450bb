package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"roost/vault"
	"roost/vault/catalog"
	"roost/vault/format"
)

// Space is what the storages hold, what that costs and when it will be full.
type Space struct {
	Used        int64 // bytes of this backup, shared packs once
	Quota       int64 // bytes that the first storage may hold; 0: none known
	RepoSize    int64 // what the first storage holds in all
	Reclaimable int64 // bytes that could be freed: what no version needs, as of Kept, and what Removed ones will free
	Folders     []FolderSpace
	Stale       bool // the first storage could not be asked: this is what was known before

	Storages []StorageSpace
	Devices  []DeviceSpace
	Removed  RemovedSpace
	Kept     *Kept         // nil: the versions were never looked through; see Survey
	Growth   []GrowthPoint // what the backup took at the end of each day that is known of, oldest first, now last
}

// FolderSpace is what one folder's versions hold.
type FolderSpace struct {
	Path     string
	Device   string // whose folder it is
	Bytes    int64  // of the newest complete version
	Files    int64  // likewise
	Versions int
	Newest   int64 // bytes of different content that the newest complete version needs, as of Kept
	Older    int64 // bytes of different content that only its other versions need, as of Kept
}

// StorageSpace is one storage.
type StorageSpace struct {
	Name     string
	Stale    bool  // it could not be asked: RepoSize is what was known before
	Used     int64 // bytes of this backup there
	RepoSize int64 // bytes in all
	Quota    int64 // bytes that it may hold: Limit, or else what it names itself; 0: none known
	Limit    int64 // bytes that it may hold as the person wants it; 0: no limit
	Disk     int64 // bytes that it could hold by the free room on its disk; 0: not known
	Newest   bool  // it holds this computer's newest state: it is a copy
	Sent     int64 // bytes sent to it this month
	Received int64 // bytes that came from it this month
	Full     *Forecast
}

// DeviceSpace is what one device's state needs.
type DeviceSpace struct {
	Name     string
	Here     bool  // it is this computer
	Used     int64 // bytes of packs
	Alone    int64 // of those, what no other device needs
	Versions int
	Newest   time.Time // of its versions; zero: it has none
}

// Kept is what the versions of all devices hold, as far as the last Survey found. Bytes are of packs unless said otherwise.
type Kept struct {
	Time       time.Time // of the survey
	Current    bool      // nothing was saved since
	Incomplete bool      // something could not be read, and is not counted
	Versions   int
	Newest     int64 // what the newest complete versions need
	Older      int64 // what only other versions need: the cost of being able to go back
	Index      int64 // what tells where everything is

	Logical     int64 // bytes of files in the newest versions
	AllLogical  int64 // bytes of files in all versions, as if each were kept on its own
	Dedup       int64 // bytes of Logical that are not stored because they are there already
	Compression int64 // bytes of different content, of all versions, that compression saves; less what packs add

	Files []LargeItem // the largest of the newest versions, largest first
	Dirs  []LargeItem // likewise
}

// LargeItem is a large file or folder.
type LargeItem struct {
	Device string
	Path   string // where it was
	Bytes  int64
	Files  int64
}

// spacePatience is how long a storage may take to say how full it is, before what was known is shown.
const spacePatience = 15 * time.Second

// Space says what the storages hold, from the catalog and a few short questions. Where the first storage does not answer, it
// is what was known before, and stale.
func (e *Engine) Space(ctx context.Context) (*Space, error) {
	limited, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	st, err := e.state(limited)
	var list []Version
	if err == nil {
		list, _, err = e.everyVersion(limited, st)
	}
	out := &Space{}
	switch {
	case err == nil:
		if err := e.keepVersions(ctx, list); err != nil {
			return nil, err
		}
	case ctx.Err() != nil || !unreachableNow(err):
		return nil, err
	default:
		known, ok, kerr := e.knownVersions(ctx)
		if kerr != nil || !ok {
			return nil, errors.Join(err, kerr)
		}
		list, out.Stale = known, true
	}
	var packs []catalog.DeviceSize
	if out.Used, packs, err = e.cat.Sizes(ctx); err != nil {
		return nil, err
	}
	survey, err := e.lastSurvey(ctx)
	if err != nil {
		return nil, err
	}
	out.folders(list, survey)
	e.devices(out, list, packs)
	if survey != nil {
		out.Kept = e.kept(survey, list)
		out.Kept.Current = st != nil && survey.Current(st) || st == nil && surveyOf(survey, list)
		out.Reclaimable = survey.Unneeded
	}
	if out.Removed, err = e.removedSpace(ctx, list); err != nil {
		return nil, err
	}
	out.Reclaimable += out.Removed.Bytes
	now := time.Now()
	if err := e.storages(ctx, out, st, packs, list, now); err != nil {
		return nil, err
	}
	return out, nil
}

// surveyOf tells, without the states, whether a survey is about so many versions.
func surveyOf(s *vault.Survey, list []Version) bool { return s.Versions == len(list) }

// folders lists every folder with its newest complete version.
func (s *Space) folders(list []Version, survey *vault.Survey) {
	type key struct {
		device format.DeviceID
		folder format.FolderID
	}
	at := map[key]int{}
	versions := map[key]int{}
	for _, v := range list { // newest first
		k := key{v.Device, v.FolderID}
		versions[k]++
		if _, ok := at[k]; ok || !v.Complete {
			continue
		}
		at[k] = len(s.Folders)
		s.Folders = append(s.Folders, FolderSpace{Path: string(v.Path), Device: v.DeviceName, Bytes: int64(v.Bytes), Files: int64(v.Files)})
	}
	for k, i := range at {
		s.Folders[i].Versions = versions[k]
	}
	if survey != nil {
		for _, f := range survey.Folders {
			if i, ok := at[key{f.Device, f.ID}]; ok {
				s.Folders[i].Newest, s.Folders[i].Older = f.Newest, f.Older
			}
		}
	}
	slices.SortFunc(s.Folders, func(a, b FolderSpace) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Device, b.Device))
	})
}

// devices lists every device that is known to need a pack or to have a version, this computer first.
func (e *Engine) devices(s *Space, list []Version, packs []catalog.DeviceSize) {
	at := map[format.DeviceID]int{}
	of := func(id format.DeviceID) *DeviceSpace {
		i, ok := at[id]
		if !ok {
			i = len(s.Devices)
			at[id] = i
			s.Devices = append(s.Devices, DeviceSpace{Here: id == e.bundle.Device()})
		}
		return &s.Devices[i]
	}
	for _, v := range list {
		d := of(v.Device)
		if d.Name = v.DeviceName; v.Time().After(d.Newest) {
			d.Newest = v.Time()
		}
		d.Versions++
	}
	for _, p := range packs {
		d := of(format.DeviceID(p.Device))
		d.Used, d.Alone = p.Bytes, p.Alone
	}
	slices.SortStableFunc(s.Devices, func(a, b DeviceSpace) int {
		switch {
		case a.Here != b.Here && a.Here:
			return -1
		case a.Here != b.Here:
			return 1
		}
		return cmp.Or(cmp.Compare(b.Used, a.Used), strings.Compare(a.Name, b.Name))
	})
}

// kept puts a survey into words that need no ids.
func (e *Engine) kept(s *vault.Survey, list []Version) *Kept {
	names := map[format.DeviceID]string{e.bundle.Device(): e.bundle.Name()}
	for _, v := range list {
		names[v.Device] = v.DeviceName
	}
	k := &Kept{
		Time: s.Time, Incomplete: s.Incomplete, Versions: s.Versions, Newest: s.Newest.Stored, Older: s.Older.Stored, Index: s.Index,
		Logical: s.Newest.Logical, AllLogical: s.Logical, Dedup: max(s.Newest.Logical-s.Newest.Content, 0),
	}
	data := s.Newest.Stored - s.Newest.Meta + s.Older.Stored - s.Older.Meta
	k.Compression = max(s.Newest.Content+s.Older.Content-data, 0)
	large := func(in []vault.Large) (out []LargeItem) {
		for _, x := range in {
			out = append(out, LargeItem{Device: names[x.Device], Path: path.Join(string(x.Folder), string(x.Path)), Bytes: x.Bytes, Files: x.Files})
		}
		return out
	}
	k.Files, k.Dirs = large(s.Files), large(s.Dirs)
	return k
}

// storages asks each storage how full it is, all at once, and adds what earlier answers tell of growth.
func (e *Engine) storages(ctx context.Context, s *Space, st *vault.State, packs []catalog.DeviceSize, list []Version, now time.Time) error {
	c := e.home.config()
	s.Storages = make([]StorageSpace, len(c.Nodes))
	var own *vault.Head
	if st != nil {
		own = st.Own(e.bundle.Device())
	}
	var asking sync.WaitGroup
	for i, nc := range c.Nodes {
		x := &s.Storages[i]
		m := e.movedThisMonth(nc.Name, now)
		x.Name, x.Limit, x.Quota, x.Sent, x.Received = nc.Name, nc.Limit, nc.Limit, m.sent, m.received
		if x.Stale = i == 0 && s.Stale; !x.Stale {
			asking.Go(func() { e.askSpace(ctx, nc, own, x) })
		}
	}
	asking.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	mine := int64(0)
	for _, p := range packs {
		if format.DeviceID(p.Device) == e.bundle.Device() {
			mine = p.Bytes
		}
	}
	if !s.Stale {
		if err := e.sample(ctx, ownGrowth, s.Used, 0, now); err != nil {
			return err
		}
	}
	kept, err := e.samples(ctx, ownGrowth, now)
	if err != nil {
		return err
	}
	s.Growth = withRough(kept, list, s.Used, now)
	for i := range s.Storages {
		x := &s.Storages[i]
		if !x.Stale {
			if err := e.sample(ctx, x.Name, x.RepoSize, x.Quota, now); err != nil {
				return err
			}
		}
		points, err := e.samples(ctx, x.Name, now)
		if err != nil {
			return err
		}
		if x.Stale && len(points) > 0 {
			x.RepoSize = points[len(points)-1].Bytes
		}
		switch {
		case i == 0:
			x.Used = s.Used
		case x.Newest:
			x.Used = mine
		}
		x.Full = e.fullAt(points, s.Growth, x, now)
	}
	s.Quota, s.RepoSize = s.Storages[0].Quota, s.Storages[0].RepoSize
	return nil
}

// fullAt is when a storage will be full, by its own growth or, while too little is known of that, by the backup's.
func (e *Engine) fullAt(own, backup []GrowthPoint, x *StorageSpace, now time.Time) *Forecast {
	most := x.Quota
	if x.Disk > 0 && (most == 0 || x.Disk < most) {
		most = x.Disk
	}
	if f := forecast(own, x.RepoSize, most, now); f != nil {
		return f
	}
	if enough(own) {
		return nil // it is known, and does not grow that far
	}
	return forecast(backup, x.RepoSize, most, now)
}

// askSpace asks one storage how full it is and whether it holds this computer's newest state.
func (e *Engine) askSpace(ctx context.Context, nc nodeConfig, own *vault.Head, x *StorageSpace) {
	ctx, cancel := context.WithTimeout(ctx, spacePatience)
	defer cancel()
	c, err := e.reach(ctx, nc)
	if err == nil {
		u, uerr := c.node.Usage(ctx)
		if err = uerr; err == nil {
			x.RepoSize, x.Disk = u.RepoSize, e.diskOf(nc, u.RepoSize)
			if x.Quota == 0 {
				x.Quota = u.StorageMax
			}
		}
	}
	if err == nil && own != nil {
		x.Newest = confirm(ctx, c.node, own) == nil
	}
	if err != nil {
		x.Stale = true
		e.log.Debug("a storage does not tell its space", "storage", nc.Name, "reason", err)
	}
}

// metaSurvey is the catalog's note of the last survey.
const metaSurvey = "survey"

// Survey brings Kept and Removed up to date: it reads names and lists of all versions from the storage, each once. When
// nothing was saved or removed since the last one, it does nothing.
func (e *Engine) Survey(ctx context.Context, r Report) error {
	done, err := e.surveying.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	st, err := e.state(ctx)
	if err != nil {
		return err
	}
	last, err := e.lastSurvey(ctx)
	if err != nil {
		return err
	}
	if last == nil || !last.Current(st) {
		if err := e.survey(ctx, st, r); err != nil {
			return err
		}
	}
	list, err := e.vault().Versions(ctx, st)
	if err != nil {
		return err
	}
	return e.weighRemoved(ctx, list)
}

func (e *Engine) survey(ctx context.Context, st *vault.State, r Report) error {
	var c counters
	c.phaseName.Store("looking")
	stop := c.tell(r, "", time.Now())
	s, err := e.vault().Survey(ctx, st, func(done, total int64) {
		c.files.Store(done)
		c.totalFiles.Store(total)
	})
	stop()
	if err != nil {
		return fmt.Errorf("look through the versions: %w", err)
	}
	return e.keepSurvey(ctx, s)
}
