package observedtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Tasks is ECS with the service "checkout" in the cluster "production", whose tasks run
// images by digest, which moto's do not. Its requests and answers are held to the
// service model.
type Tasks struct {
	URL string
	// Running are the tasks in their order.
	Running []Task
	// Registry is where an ECR is, which is asked at the same address.
	Registry string
	// Pages is how many tasks a page has.
	Pages int

	awstest.Watch
	t     testing.TB
	model *awstest.Model
}

// Task is one of them: its status, RUNNING where it is empty, and the digests of its
// containers, by name.
type Task struct {
	Status     string
	Containers map[string]string
	// Missing tasks are listed, and gone when they are described.
	Missing bool
}

// NewTasks starts one whose tasks run an image each, in the container "app".
func NewTasks(t testing.TB, digests ...string) *Tasks {
	t.Helper()
	model, err := awstest.ECS()
	if err != nil {
		t.Fatal(err)
	}
	s := &Tasks{t: t, model: model, Pages: 100}
	for _, digest := range digests {
		s.Running = append(s.Running, Task{Containers: map[string]string{"app": digest}})
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// ServeHTTP answers as ECS does, and hands on what is for ECR.
func (s *Tasks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("X-Amz-Target"), "AmazonEC2ContainerRegistry") {
		to, err := url.Parse(s.Registry)
		if err != nil || s.Registry == "" {
			s.t.Errorf("ECR is asked for %s", r.Header.Get("X-Amz-Target"))
			return
		}
		httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
		return
	}
	s.model.ServeRPC(s.t, w, r, s.Answering(s.read))
}

func (s *Tasks) read(operation string, given map[string]any) (answer map[string]any, code string) {
	if given["cluster"] != "production" {
		return nil, "ClusterNotFoundException"
	}
	if operation == "DescribeTasks" {
		return s.describe(given["tasks"].([]any)), "" //nolint:forcetypeassert // The model has said so.
	}
	if given["serviceName"] != "checkout" {
		return nil, "ServiceNotFoundException"
	}
	token, _ := given["nextToken"].(string)
	first, _ := strconv.Atoi(token)
	last := min(first+s.Pages, len(s.Running))
	arns := []any{}
	for n := first; n < last; n++ {
		arns = append(arns, fmt.Sprintf("arn:aws:ecs:eu-central-1:123456789012:task/production/%032x", n))
	}
	answer = map[string]any{"taskArns": arns}
	if last < len(s.Running) {
		answer["nextToken"] = strconv.Itoa(last)
	}
	return answer, ""
}

func (s *Tasks) describe(arns []any) map[string]any {
	tasks, failures := []any{}, []any{}
	for _, arn := range arns {
		name := fmt.Sprint(arn)
		n, err := strconv.ParseInt(name[strings.LastIndex(name, "/")+1:], 16, 32)
		if err != nil {
			s.t.Errorf("%s is no task", name)
			continue
		}
		task := s.Running[n]
		if task.Missing {
			failures = append(failures, map[string]any{"arn": name, "reason": "MISSING"})
			continue
		}
		if task.Status == "" {
			task.Status = "RUNNING"
		}
		containers := []any{}
		for container, digest := range task.Containers {
			c := map[string]any{"name": container, "lastStatus": task.Status}
			if digest != "" {
				c["imageDigest"] = digest
			}
			containers = append(containers, c)
		}
		tasks = append(tasks, map[string]any{"taskArn": name, "lastStatus": task.Status, "containers": containers})
	}
	return map[string]any{"tasks": tasks, "failures": failures}
}
