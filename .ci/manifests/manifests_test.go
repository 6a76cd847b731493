// Package manifests_test decodes the manifests of the examples and the YAML blocks of the documents strictly: objects of
// Kubernetes by its own types, Compose files by their schema. A field that is misspelled or misplaced fails. A block with a
// comment "from" is left out: it is a part of a file, and a test of the documents compares it.
package manifests_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/loader"
	"github.com/compose-spec/compose-go/v2/types"
	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

const root = "../.."

// kinds returns a new object of each kind that the documents may use.
var kinds = map[string]func() any{
	"apps/v1/Deployment":                       func() any { return new(apps.Deployment) },
	"apps/v1/DaemonSet":                        func() any { return new(apps.DaemonSet) },
	"apps/v1/StatefulSet":                      func() any { return new(apps.StatefulSet) },
	"batch/v1/CronJob":                         func() any { return new(batch.CronJob) },
	"batch/v1/Job":                             func() any { return new(batch.Job) },
	"networking.k8s.io/v1/NetworkPolicy":       func() any { return new(networking.NetworkPolicy) },
	"policy/v1/PodDisruptionBudget":            func() any { return new(policy.PodDisruptionBudget) },
	"rbac.authorization.k8s.io/v1/Role":        func() any { return new(rbac.Role) },
	"rbac.authorization.k8s.io/v1/RoleBinding": func() any { return new(rbac.RoleBinding) },
	"v1/ConfigMap":                             func() any { return new(core.ConfigMap) },
	"v1/Namespace":                             func() any { return new(core.Namespace) },
	"v1/Pod":                                   func() any { return new(core.Pod) },
	"v1/Secret":                                func() any { return new(core.Secret) },
	"v1/Service":                               func() any { return new(core.Service) },
	"v1/ServiceAccount":                        func() any { return new(core.ServiceAccount) },
}

var fenced = regexp.MustCompile("(?ms)(<!-- from: [^\n]+ -->\n)?^```yaml\n(.*?)^```$")

func TestManifests(t *testing.T) {
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/README.md", "examples/deploy/*.yaml"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			blocks := [][]byte{content}
			if filepath.Ext(path) == ".md" {
				blocks = nil
				for _, found := range fenced.FindAllSubmatch(content, -1) {
					if len(found[1]) == 0 {
						blocks = append(blocks, found[2])
					}
				}
			}
			for i, block := range blocks {
				t.Run(fmt.Sprintf("%s block %d", filepath.Base(path), i+1), func(t *testing.T) {
					if err := check(t, block); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// check decodes a block of one Compose file, or of objects of Kubernetes.
func check(t *testing.T, block []byte) error {
	var pods []pods
	var services []*core.Service
	for document := range bytes.SplitSeq(block, []byte("\n---\n")) {
		var head struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Services   any    `json:"services"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			return err
		}
		if head.Kind == "" && head.Services != nil {
			return compose(t, document)
		}
		kind := head.APIVersion + "/" + head.Kind
		fresh := kinds[kind]
		if fresh == nil {
			return fmt.Errorf("neither a Compose file nor a known kind of object: %q", kind)
		}
		object := fresh()
		if err := yaml.UnmarshalStrict(document, object); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
		if name := object.(meta.Object).GetName(); name == "" {
			return fmt.Errorf("%s without metadata.name", kind)
		}
		if service, ok := object.(*core.Service); ok {
			services = append(services, service)
		}
		if made, ok := podsOf(object); ok {
			if err := made.check(); err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			pods = append(pods, made)
		}
	}
	for _, service := range services {
		if !selects(service, pods) {
			return fmt.Errorf("service %s selects no pod of its block", service.Name)
		}
	}
	return nil
}

// pods are what an object makes.
type pods struct {
	selector *meta.LabelSelector
	labels   map[string]string
	spec     core.PodSpec
}

func podsOf(object any) (pods, bool) {
	switch o := object.(type) {
	case *apps.Deployment:
		return pods{o.Spec.Selector, o.Spec.Template.Labels, o.Spec.Template.Spec}, true
	case *apps.DaemonSet:
		return pods{o.Spec.Selector, o.Spec.Template.Labels, o.Spec.Template.Spec}, true
	case *apps.StatefulSet:
		made := pods{o.Spec.Selector, o.Spec.Template.Labels, o.Spec.Template.Spec}
		for _, claim := range o.Spec.VolumeClaimTemplates {
			made.spec.Volumes = append(made.spec.Volumes, core.Volume{Name: claim.Name})
		}
		return made, true
	case *batch.Job:
		return pods{nil, nil, o.Spec.Template.Spec}, true
	case *core.Pod:
		return pods{nil, o.Labels, o.Spec}, true
	}
	return pods{}, false
}

// check finds what the server would refuse although every field is known.
func (p pods) check() error {
	if p.selector != nil {
		selector, err := meta.LabelSelectorAsSelector(p.selector)
		if err != nil {
			return err
		}
		if selector.Empty() || !selector.Matches(labels.Set(p.labels)) {
			return fmt.Errorf("the selector %s does not match the labels %v", selector, p.labels)
		}
	}
	if len(p.spec.Containers) == 0 {
		return fmt.Errorf("no containers")
	}
	volumes := make(map[string]bool)
	for _, volume := range p.spec.Volumes {
		volumes[volume.Name] = true
	}
	for _, container := range append(p.spec.InitContainers, p.spec.Containers...) {
		if container.Name == "" || container.Image == "" {
			return fmt.Errorf("a container without name or image")
		}
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				return fmt.Errorf("container %s mounts %s, which is no volume", container.Name, mount.Name)
			}
		}
		given := make(map[string]bool)
		for _, variable := range container.Env {
			for _, word := range append(container.Args, container.Command...) {
				if strings.Contains(word, "$("+variable.Name+")") {
					given[variable.Name] = true
				}
			}
		}
		for _, word := range append(container.Args, container.Command...) {
			for _, used := range regexp.MustCompile(`\$\(([A-Z_]+)\)`).FindAllStringSubmatch(word, -1) {
				if !given[used[1]] {
					return fmt.Errorf("container %s uses $(%s), which is no variable of it", container.Name, used[1])
				}
			}
		}
	}
	return nil
}

// selects reports whether a service finds pods, or needs none.
func selects(service *core.Service, made []pods) bool {
	if len(service.Spec.Selector) == 0 || len(made) == 0 {
		return true
	}
	for _, p := range made {
		if labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(p.labels)) {
			return true
		}
	}
	return false
}

func compose(t *testing.T, document []byte) error {
	folder := t.TempDir()
	_, err := loader.LoadWithContext(t.Context(), types.ConfigDetails{
		WorkingDir:  folder,
		ConfigFiles: []types.ConfigFile{{Filename: filepath.Join(folder, "compose.yaml"), Content: document}},
		Environment: types.Mapping{},
	}, func(o *loader.Options) { o.SetProjectName("documents", true) })
	return err
}

// TestMistakesAreFound holds the checks to what they promise.
func TestMistakesAreFound(t *testing.T) {
	const head = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  selector: {matchLabels: {app: a}}\n" +
		"  template:\n    metadata: {labels: {app: a}}\n    spec:\n      containers:\n      - {name: a, image: a"
	for name, tt := range map[string]struct {
		block string
		fails bool
	}{
		"right":             {head + "}\n", false},
		"misspelled field":  {head + ", argz: [x]}\n", true},
		"misplaced field":   {head + "}\nreplicas: 2\n", true},
		"unknown volume":    {head + ", volumeMounts: [{name: v, mountPath: /v}]}\n", true},
		"unknown variable":  {head + ", args: ['$(POD)']}\n", true},
		"other labels":      {strings.Replace(head, "{app: a}}", "{app: b}}", 1) + "}\n", true},
		"service of nobody": {head + "}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: x}}\n", true},
		"key given twice":   {head + ", name: b}\n", true},
		"compose":           {"services:\n  a:\n    image: a\n    secrets: [s]\nsecrets:\n  s: {file: ./s}\n", false},
		"compose, unknown":  {"services:\n  a:\n    image: a\n    imagine: b\n", true},
		"compose, dangling": {"services:\n  a:\n    image: a\n    depends_on: [b]\n", true},
		"neither":           {"a: b\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			if err := check(t, []byte(tt.block)); (err != nil) != tt.fails {
				t.Errorf("check: %v, want an error: %v", err, tt.fails)
			}
		})
	}
}
