# Two key pairs and an instance on cvmd. The environment comes from `cvmd env --for terraform`.

terraform {
  required_providers {
    tencentcloud = {
      source  = "tencentcloudstack/tencentcloud"
      version = ">= 1.81"
    }
  }
}

variable "first_public_key" {
  type = string
}

variable "second_public_key" {
  type = string
}

variable "keys" {
  description = "Which of the key pairs open the instance."
  type        = set(string)
  default     = ["first"]
}

variable "force_stop" {
  description = "Whether a running instance is shut down by force when its keys change."
  type        = bool
  default     = false
}

variable "running" {
  type    = bool
  default = true
}

variable "team" {
  type    = string
  default = "blue"
}

provider "tencentcloud" {}

data "tencentcloud_images" "debian" {
  image_type       = ["PUBLIC_IMAGE"]
  image_name_regex = "^Debian 12"
}

resource "tencentcloud_key_pair" "pair" {
  for_each   = { first = var.first_public_key, second = var.second_public_key }
  key_name   = "tf_${each.key}"
  public_key = each.value
  force_stop = true
}

resource "tencentcloud_instance" "machine" {
  instance_name     = "terraform"
  availability_zone = "ap-guangzhou-3"
  image_id          = data.tencentcloud_images.debian.images[0].image_id
  key_ids           = [for name in var.keys : tencentcloud_key_pair.pair[name].id]
  force_stop        = var.force_stop
  running_flag      = var.running
  tags              = { team = var.team }
}

output "instance_id" {
  value = tencentcloud_instance.machine.id
}
