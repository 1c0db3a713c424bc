module github.com/sluice/terraform-provider-sluice/tools/lintrules

go 1.26.0
