# An image built on cvmd. The environment comes from `cvmd env --for packer`.

variable "source_image" {
  type    = string
  default = "img-db4trptd"
}

# DefaultLoginPort of DescribeInstances: 22 where cvmd could bind it.
variable "ssh_port" {
  type    = number
  default = 22
}

variable "image_name" {
  type    = string
  default = "packer"
}

source "tencentcloud-cvm" "image" {
  region                      = "ap-guangzhou"
  zone                        = "ap-guangzhou-3"
  instance_type               = "S5.SMALL1"
  source_image_id             = var.source_image
  image_name                  = var.image_name
  image_description           = "built by packer"
  disk_type                   = "CLOUD_PREMIUM"
  associate_public_ip_address = true
  ssh_username                = "root"
  ssh_port                    = var.ssh_port
  run_tags                    = { made = "by packer" }
}

build {
  sources = ["source.tencentcloud-cvm.image"]

  provisioner "shell" {
    inline = ["whoami"]
  }
}
