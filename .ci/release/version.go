package main

import (
	"fmt"
	"strings"

	"golang.org/x/mod/semver"
)

// checkVersion refuses a version that cannot be the next one after the tags of a module.
func checkVersion(version string, earlier []string) error {
	if !semver.IsValid(version) || semver.Canonical(version) != version {
		return fmt.Errorf("version %q: use the form v0.1.0 or v0.1.0-rc.1", version)
	}
	if major := semver.Major(version); major != "v0" && major != "v1" {
		return fmt.Errorf("version %s: the module paths have no suffix /%s, so v0 and v1 are the only major versions", version, major)
	}
	for _, e := range earlier {
		if semver.Compare(version, e) <= 0 {
			return fmt.Errorf("version %s: %s is tagged already, so use a later one", version, e)
		}
	}
	return nil
}

// lastRelease returns the latest of versions that is no pre-release, or "".
func lastRelease(versions []string) string {
	last := ""
	for _, v := range versions {
		if semver.Prerelease(v) == "" && semver.Compare(v, last) > 0 {
			last = v
		}
	}
	return last
}

// mayBreak refuses a version in which no API may break, given the release before it. docs/compatibility.md promises this.
func mayBreak(version, last string) error {
	switch {
	case semver.Major(version) == "v0" && semver.MajorMinor(version) == semver.MajorMinor(last):
		return fmt.Errorf("version %s: breaking changes since %s need a new minor version", version, last)
	case semver.Major(last) == "v1":
		return fmt.Errorf("version %s: breaking changes since %s need a new major version", version, last)
	}
	return nil
}

// versionsOf returns the versions in tags that have the prefix of a module's folder.
func versionsOf(tags []string, folder string) []string {
	var versions []string
	for _, tag := range tags {
		version, ok := strings.CutPrefix(tag, tagOf(folder, ""))
		if ok && semver.IsValid(version) {
			versions = append(versions, version)
		}
	}
	return versions
}

// tagOf returns the tag of a version of the module in folder, which is "." for the root.
func tagOf(folder, version string) string {
	if folder == "." {
		return version
	}
	return folder + "/" + version
}
