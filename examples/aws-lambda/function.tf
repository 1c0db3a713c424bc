# The author's side: the function, its alias, its role and the packages. What a
# release moves is in ignore_changes, so that no plan moves it back.
provider "aws" {
  region = var.region
}

resource "aws_s3_bucket" "builds" {
  bucket        = var.builds
  force_destroy = true # For trying it out; packages that were released are worth keeping.
}

# Each build has a key of its own, and none is ever overwritten. A pipeline uploads
# them otherwise; here it is each file in packages/.
resource "aws_s3_object" "package" {
  for_each = fileset("${path.module}/packages", "*.zip")

  bucket      = aws_s3_bucket.builds.id
  key         = "checkout/${each.key}"
  source      = "${path.module}/packages/${each.key}"
  source_hash = filesha256("${path.module}/packages/${each.key}")
}

resource "aws_iam_role" "checkout" {
  name = var.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_lambda_function" "checkout" {
  function_name = var.name
  role          = aws_iam_role.checkout.arn
  runtime       = "python3.13"
  handler       = "handler.handle"

  # The first package. From then on releases bring the code in.
  s3_bucket = aws_s3_bucket.builds.id
  s3_key    = aws_s3_object.package["${var.checkout_version}.zip"].key
  publish   = true

  lifecycle {
    ignore_changes = [s3_bucket, s3_key]
  }
}

# What users invoke: function URLs, event sources and permissions name this alias.
resource "aws_lambda_alias" "live" {
  name             = "live"
  function_name    = aws_lambda_function.checkout.function_name
  function_version = aws_lambda_function.checkout.version

  lifecycle {
    ignore_changes = [function_version, routing_config, description]
  }
}
