package archive

// syncDir has nothing to do: Windows flushes no folders.
func syncDir(string) error { return nil }
