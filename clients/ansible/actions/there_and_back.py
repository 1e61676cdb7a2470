"""An action of Ansible's that carries a file to a machine and back by the connection's own means, and does nothing there."""

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        given = self._task.args
        self._connection.put_file(given["sent"], given["there"])
        self._connection.fetch_file(given["there"], given["back"])
        return {"changed": True}
