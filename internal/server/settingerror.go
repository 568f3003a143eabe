package server

import "fmt"

// SettingError is an error in the value of one setting. It names the setting by its path in a
// settings file, such as server.http_addr, and so do the hints in its text. A program that read the
// value from a flag or from a line of a file knows more and adds that.
type SettingError struct {
	Path  string
	Value string // as far as it helps; never a key
	Err   error
}

// Error implements error.
func (e *SettingError) Error() string {
	if e.Value == "" {
		return e.Path + ": " + e.Err.Error()
	}
	return e.Path + " " + e.Value + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *SettingError) Unwrap() error { return e.Err }

// settingError makes a SettingError from a format.
func settingError(path, value, format string, args ...any) *SettingError {
	return &SettingError{path, value, fmt.Errorf(format, args...)}
}
